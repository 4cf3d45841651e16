// @ts-check
/** What can be done with a run: stop it; once it has ended copy, judge, repeat and delete it. */
import { call } from '../api.js';
import { toast } from '../toast.js';
import { AssistantForm } from './form.js';
import { at, say, within } from './page.js';
import { onPress, stopping } from './stopping.js';

/** @param {string} text */
async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast('Copied');
}

/** @param {string} url @param {import('./prompt-card.js').PromptCard} card */
function judging(url, card) {
  const buttons = /** @type {HTMLButtonElement[]} */ ([...card.element.querySelectorAll('[data-feedback]')]);
  for (const button of buttons) {
    onPress(button, async () => {
      const value = button.getAttribute('aria-pressed') === 'true' ? null : button.dataset.feedback;
      await call('PUT', `${url}/prompts/${encodeURIComponent(card.id)}/feedback`, { value });
      for (const one of buttons) one.setAttribute('aria-pressed', String(one.dataset.feedback === value));
    });
  }
}

/** @param {string} url @param {import('./view.js').RunView} view */
function repeating(url, view) {
  const dialog = /** @type {HTMLDialogElement|null} */ (document.getElementById('rerun'));
  if (!dialog) return;
  const form = /** @type {HTMLFormElement} */ (within(dialog, 'form'));
  new AssistantForm(form, (inputs, key) => {
    const fromPrompt = form.dataset.from || undefined;
    return call('POST', `${url}/rerun`, { fromPrompt, inputs }, { 'Idempotency-Key': key });
  });
  /** @param {string} from @param {string} words */
  const open = (from, words) => {
    form.dataset.from = from;
    say(within(dialog, '[data-said]'), words);
    dialog.showModal();
  };
  onPress(document.getElementById('rerun-all'), async () => open('', 'All prompts, with these inputs.'));
  for (const card of view.cards.values()) {
    onPress(card.element.querySelector('[data-rerun]'), async () => open(card.id, `From “${card.name}” on; the answers before it are kept.`));
  }
}

/** @param {string} url */
function removing(url) {
  const dialog = /** @type {HTMLDialogElement|null} */ (document.getElementById('removal'));
  if (!dialog) return;
  onPress(at('remove'), async () => dialog.showModal());
  onPress(at('removal-yes'), async () => {
    await call('DELETE', url);
    location.assign('/runs');
  });
}

/** @param {string} url of the run in the API @param {import('./view.js').RunView} view */
export function offer(url, view) {
  stopping(url);
  repeating(url, view);
  removing(url);
  onPress(at('copy-all'), () => copy(view.answers()));
  onPress(at('copy-link'), () => copy(location.origin + location.pathname));
  for (const card of view.cards.values()) {
    onPress(card.element.querySelector('[data-copy-answer]'), () => copy(card.text));
    judging(url, card);
  }
}

/** The run has ended: what is for then takes the place of the stop. */
export function offerTheRest() {
  at('stop').hidden = true;
  at('after').hidden = false;
  const remove = document.getElementById('remove');
  if (remove) remove.hidden = false;
}
