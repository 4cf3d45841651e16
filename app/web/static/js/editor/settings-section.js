// @ts-check
/** What holds for the whole run: failures, watchers that leave, time. */
import { numberInput, selection } from './controls.js';
import { make } from './elements.js';

/** @typedef {import('./workshop.js').Workshop} Workshop */

const LEAVING = [
  ['continue', 'Go on to the end'], ['cancel', 'Stop at once'], ['finish_prompt', 'Finish the prompt, then stop'], ['grace', 'Wait a while, then stop'],
];

export class SettingsSection {
  /** @param {Workshop} workshop */
  constructor(workshop) {
    const { definition } = workshop;
    const [kind, seconds = '30'] = (definition.onDisconnect ?? 'grace:30').split(':');
    let grace = Number(seconds);
    const wait = numberInput({ label: 'Seconds to wait', path: 'grace', min: 0, max: 99999 }, grace, (value) => {
      grace = value ?? 0;
      leave('grace');
    });
    /** @param {string} chosen */
    const leave = (chosen) => {
      definition.onDisconnect = chosen === 'grace' ? `grace:${grace}` : chosen;
      wait.hidden = chosen !== 'grace';
      workshop.changed();
    };
    wait.hidden = kind !== 'grace';
    this.element = make('section', { class: 'card', 'aria-labelledby': 'settings-title' },
      make('h2', { id: 'settings-title' }, 'Run'),
      make('div', { class: 'fields-grid' },
        selection({ label: 'When a prompt fails', path: 'onError' }, [['stop', 'Stop the run'], ['continue', 'Go on with the others']],
          definition.onError ?? 'stop', (value) => { definition.onError = value; workshop.changed(); }),
        numberInput({ label: 'Seconds for the whole run', path: 'timeoutSeconds', min: 1, max: 900, placeholder: '600' }, definition.timeoutSeconds,
          (value) => { definition.timeoutSeconds = value; workshop.changed(); }),
        selection({ label: 'When nobody watches any more', path: 'onDisconnect' }, LEAVING, kind, leave), wait));
  }
}
