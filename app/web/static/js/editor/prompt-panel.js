// @ts-check
/** One prompt: its texts and its model; what is rarely needed is folded away. */
import { labelled, numberInput, textInput } from './controls.js';
import { freshId, iconButton, make } from './elements.js';
import { MappingList } from './mapping-list.js';
import { knownNames } from './names.js';
import { priceWords } from './prices.js';
import { TemplateField } from './template-field.js';

/**
 * @typedef {import('./definition.js').Prompt} Prompt
 * @typedef {import('./workshop.js').Workshop} Workshop
 * @typedef {{changed: () => void, earlier: () => void, later: () => void, duplicate: () => void, remove: () => void}} Ways
 */

const HOW = 'Type {{ or ${ for the names that are known here.';

export class PromptPanel {
  /** @param {Workshop} workshop @param {Prompt} prompt @param {Ways} ways */
  constructor(workshop, prompt, ways) {
    this.workshop = workshop;
    this.prompt = prompt;
    this.ways = ways;
    this.problems = 0;
    this.id = freshId('prompt');
    this.where = make('span', { class: 'muted small' });
    const names = () => knownNames(workshop.definition, prompt);
    this.content = new TemplateField({ label: 'Prompt', path: 'content', hint: HOW, needed: true }, prompt.content, names,
      (value) => { prompt.content = value; this.changed(); });
    this.system = new TemplateField({ label: 'System message', path: 'system', rows: 3, hint: 'Who the model is, before the prompt. May be empty.' },
      prompt.system ?? '', names, (value) => { prompt.system = value; this.changed(); });
    this.element = make('div', { class: 'prompt-panel stack', id: this.id, role: 'group', 'aria-label': 'Prompt' },
      make('div', { class: 'row apart' }, this.where, this.tools()),
      make('div', { class: 'fields-grid' }, this.name(), this.model(), this.system.element, this.content.element),
      this.more());
  }

  tools() {
    const { ways } = this;
    return make('div', { class: 'tools' },
      iconButton('up', 'Move to an earlier step', ways.earlier), iconButton('down', 'Move to a later step', ways.later),
      iconButton('copy', 'Duplicate the prompt', ways.duplicate), iconButton('trash', 'Remove the prompt', ways.remove));
  }

  name() {
    return textInput({ label: 'Name', path: 'name', needed: true, maxlength: 200 }, this.prompt.name, (value) => {
      this.prompt.name = value;
      this.changed();
    });
  }

  model() {
    const field = textInput({ label: 'Model', path: 'model', hint: priceWords(this.prompt.model), needed: true, list: 'models', mono: true, placeholder: 'provider/model' }, this.prompt.model,
      (value) => {
        this.prompt.model = value.trim();
        field.querySelector('small')?.replaceChildren(priceWords(this.prompt.model));
        this.changed();
      });
    return field;
  }

  more() {
    const { prompt } = this;
    const timeouts = prompt.timeouts ??= {};
    /** @param {'connect'|'firstToken'|'idle'|'total'} name @param {string} label */
    const clock = (name, label) => numberInput({ label, path: `timeouts.${name}`, min: 0, max: 900, step: 'any' }, timeouts[name],
      (value) => { timeouts[name] = value; this.changed(); });
    return make('details', { class: 'more' }, make('summary', {}, 'More: limits, other models, mapping'),
      make('div', { class: 'fields-grid' },
        numberInput({ label: 'Tokens of output at most', path: 'maxOutputTokens', min: 1 }, prompt.maxOutputTokens,
          (value) => { prompt.maxOutputTokens = value; this.changed(); }),
        numberInput({ label: 'Temperature', path: 'temperature', min: 0, max: 2, step: 'any', placeholder: 'the model’s own' }, prompt.temperature,
          (value) => { prompt.temperature = value; this.changed(); }),
        this.fallbacks(),
        make('fieldset', { class: 'wide-field' }, make('legend', {}, 'Seconds to wait'),
          make('div', { class: 'fields-grid four' }, clock('connect', 'To connect'), clock('firstToken', 'For the first token'),
            clock('idle', 'Between tokens'), clock('total', 'In all'))),
        new MappingList(prompt, () => this.workshop.definition, () => this.changed()).element));
  }

  fallbacks() {
    const area = make('textarea', { rows: 2, class: 'mono', spellcheck: 'false' });
    area.value = (this.prompt.fallbackModels ?? []).join('\n');
    area.addEventListener('input', () => {
      this.prompt.fallbackModels = area.value.split('\n').map((one) => one.trim()).filter(Boolean);
      this.changed();
    });
    return labelled({ label: 'Models to fall back to', path: 'fallbackModels', hint: 'One a line, tried in this order', wide: true }, area);
  }

  /** @param {string} words where it stands */
  place(words) {
    this.where.textContent = words[0].toUpperCase() + words.slice(1);
    this.element.setAttribute('aria-label', `Prompt ${this.prompt.name}`);
  }

  focus() {
    const name = /** @type {HTMLInputElement} */ (this.element.querySelector('[data-path=name] input'));
    name.focus();
    name.select();
  }

  draw() {
    this.content.draw();
    this.system.draw();
  }

  changed() {
    this.ways.changed();
    this.workshop.changed();
  }
}
