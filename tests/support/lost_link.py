"""A connection whose other end hears nothing more: what a cut cable looks like to the one who sends.

A filter on the receiving socket drops every packet that arrives, in the kernel and before it is acknowledged, and the
sender is not told.
"""

from __future__ import annotations

import ctypes
import socket

_SO_ATTACH_FILTER = 26
#: One instruction of the classic packet filter: return 0, keep nothing.
_DROP = (ctypes.c_ushort(0x06), ctypes.c_ubyte(0), ctypes.c_ubyte(0), ctypes.c_uint(0))


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def cut(connection: socket.socket) -> bool:
    """From now on nothing arrives. False where only an administrator may have that; Linux only."""
    instruction = _Instruction(*(part.value for part in _DROP))
    program = _Program(1, ctypes.pointer(instruction))
    try:
        connection.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(program))
    except PermissionError:
        return False
    return True
