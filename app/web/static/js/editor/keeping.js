// @ts-check
/** Work that is not saved yet outlives a reload, in this tab; leaving with it asks. */

/** @typedef {import('./definition.js').Definition} Definition */

export class Keeping {
  /** @param {string} id of the assistant, `new` for one that has none yet */
  constructor(id) {
    this.id = id;
    this.isDirty = false;
    addEventListener('beforeunload', (event) => {
      if (this.isDirty) event.preventDefault();
    });
  }

  get key() {
    return `draft:${this.id}`;
  }

  /** @param {boolean} isDirty @param {Definition} definition @param {number} version that it began from */
  note(isDirty, definition, version) {
    this.isDirty = isDirty;
    try {
      if (isDirty) sessionStorage.setItem(this.key, JSON.stringify({ definition, version }));
      else this.forget();
    } catch {
      // Too large for the storage, or none there: leaving still asks.
    }
  }

  /** @returns {{definition: Definition, version: number}|null} */
  kept() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key) ?? 'null');
    } catch {
      return null;
    }
  }

  forget() {
    try {
      sessionStorage.removeItem(this.key);
    } catch {
      // Nothing was kept then.
    }
  }
}
