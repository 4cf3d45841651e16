// @ts-check
/** Dragging by pointer: the handle is held, something follows, a place is found, and dropped on. */

const THRESHOLD = 4;
const EDGE = 60;

/**
 * `over` says where it would land (null: nowhere); `drop` is called with the last such place. Escape gives up.
 * @template P
 * @param {HTMLElement} handle
 * @param {{item: HTMLElement, over: (x: number, y: number) => P|null, mark: (place: P|null) => void, drop: (place: P) => void}} ways
 */
export function draggable(handle, { item, over, mark, drop }) {
  handle.classList.add('handle');
  handle.addEventListener('pointerdown', (down) => {
    if (down.button !== 0) return;
    down.preventDefault();
    handle.setPointerCapture(down.pointerId);
    let isDragged = false;
    /** @type {P|null} */
    let place = null;

    /** @param {PointerEvent} event */
    const move = (event) => {
      const x = event.clientX - down.clientX, y = event.clientY - down.clientY;
      if (!isDragged && Math.hypot(x, y) < THRESHOLD) return;
      isDragged = true;
      item.classList.add('dragged');
      item.style.translate = `${x}px ${y}px`;
      if (event.clientY < EDGE) scrollBy(0, -EDGE / 4);
      if (event.clientY > innerHeight - EDGE) scrollBy(0, EDGE / 4);
      place = over(event.clientX, event.clientY);
      mark(place);
    };
    const end = () => {
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('pointerup', release);
      handle.removeEventListener('pointercancel', end);
      removeEventListener('keydown', escape, true);
      item.classList.remove('dragged');
      item.style.translate = '';
      mark(null);
    };
    const release = () => {
      end();
      if (isDragged && place !== null) drop(place);
    };
    /** @param {KeyboardEvent} event */
    const escape = (event) => { if (event.key === 'Escape') end(); };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', release);
    handle.addEventListener('pointercancel', end);
    addEventListener('keydown', escape, true);
  });
}

/** The focus stays where it was while elements are moved about. @param {() => void} work */
export function keepingFocus(work) {
  const focused = document.activeElement;
  work();
  if (focused instanceof HTMLElement && focused.isConnected && document.activeElement !== focused) focused.focus();
}
