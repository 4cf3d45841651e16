"""Queue adapters: how a waiting execution reaches a worker. A ticket can be made again any time; the rows are true."""
