// @ts-check
/** What it is called and what it is for. */
import { textArea, textInput } from './controls.js';
import { at, make } from './elements.js';

/** @typedef {import('./workshop.js').Workshop} Workshop */

export class AboutSection {
  /** @param {Workshop} workshop */
  constructor(workshop) {
    const { definition } = workshop;
    this.element = make('section', { class: 'card', 'aria-labelledby': 'about-title' }, make('h2', { id: 'about-title' }, 'About'),
      textInput({ label: 'Name', path: 'name', needed: true, maxlength: 200 }, definition.name, (value) => {
        definition.name = value;
        at('title').textContent = value.trim() || 'New assistant';
        workshop.changed();
      }),
      textArea({ label: 'Description', path: 'description', hint: 'What it does, for people who look for one' }, definition.description ?? '', (value) => {
        definition.description = value;
        workshop.changed();
      }));
  }

  focus() {
    this.element.querySelector('input')?.focus();
  }
}
