// @ts-check
/** The editor's page: what it starts from, saving, and everything around the definition. */
import { call } from '../api.js';
import { toast } from '../toast.js';
import { Bench } from './bench.js';
import { Checker, troublesOf } from './checks.js';
import { blank, whole } from './definition.js';
import { at, make } from './elements.js';
import { Keeping } from './keeping.js';
import * as lifecycle from './lifecycle.js';
import { know, priceWords } from './prices.js';
import { address, Overtaken, save } from './saving.js';
import { download } from './transfer.js';
import { Workshop } from './workshop.js';

/** @typedef {import('./saving.js').Assistant} Assistant */

/** @type {{assistant: Assistant|null, models: string[], providers: string[], own: string[], prices: Record<string, import('./prices.js').Price>}} */
const start = JSON.parse(at('start').textContent ?? '');
know(start.prices, start.own);
let { assistant } = start;
let savedText = '';

/** Where there is nothing but the scripted stand-in, that. */
const firstModel = () => start.models[0] ?? (start.providers.join() === 'scripted' ? 'scripted/echo' : '');
const keeping = new Keeping(assistant?.id ?? 'new');
let workshop = load(assistant ? structuredClone(assistant.definition) : blank(firstModel()));
const checker = new Checker(() => workshop.definition, show);
const bench = new Bench(() => workshop.definition, () => assistant?.id ?? '', saveIfChanged);

/** @param {import('./checks.js').Trouble[]} troubles */
function show(troubles) {
  const left = workshop.show(troubles);
  const trouble = at('trouble');
  trouble.replaceChildren(...(left.length ? [make('ul', {}, ...left.map((one) => make('li', {}, one.path ? make('code', {}, one.path) : null, ` ${one.message}`)))] : []));
  trouble.hidden = !left.length;
}

function changed() {
  note();
  checker.soon();
  bench.changed();
}

function note() {
  const isDirty = workshop.text() !== savedText;
  keeping.note(isDirty, workshop.definition, assistant?.version ?? 0);
  at('saved').textContent = isDirty ? 'Changes not saved' : assistant ? 'Saved' : '';
}

/** @param {import('./definition.js').Definition} definition */
function load(definition) {
  return new Workshop(at('editor'), whole(definition), firstModel(), changed);
}

/** The version of somebody else that the author was told of. */
let overtakenBy = 0;

/** @param {number} [over] a newer version that the author knows of @returns {Promise<boolean>} whether it is saved now */
async function saveNow(over) {
  const button = /** @type {HTMLButtonElement} */ (at('save'));
  button.disabled = true;
  const text = workshop.text();
  try {
    const isFirst = !assistant;
    assistant = await save(assistant, workshop.definition, over);
    savedText = text;
    if (isFirst) settle(assistant);
    lifecycle.showState(assistant);
    show([]);
    checker.soon(0);
    toast(`Saved as version ${assistant.version}`, 'good');
    return true;
  } catch (error) {
    tell(error);
    return false;
  } finally {
    button.disabled = false;
    note();
  }
}

/** The first save gives it an address, which a reload keeps to. @param {Assistant} saved */
function settle(saved) {
  keeping.forget();
  keeping.id = saved.id;
  history.replaceState(null, '', `/assistants/${encodeURIComponent(saved.slug)}/edit`);
}

async function saveIfChanged() {
  return Boolean(assistant) && workshop.text() === savedText ? true : saveNow();
}

/** @param {unknown} error */
function tell(error) {
  if (error instanceof Overtaken) {
    overtakenBy = error.latest.version;
    at('conflict-text').textContent = `${error.message} You began from version ${error.known}.`;
    const { slug, version } = error.latest;
    at('conflict-look').setAttribute('href', `/assistants/${encodeURIComponent(slug)}/versions?before=${error.known}&after=${version}`);
    /** @type {HTMLDialogElement} */ (at('conflict')).showModal();
    return;
  }
  const troubles = troublesOf(error);
  show(troubles.length ? troubles : [{ path: '', message: error instanceof Error ? error.message : String(error) }]);
  if (troubles.length) toast(`Not saved: ${troubles.length === 1 ? 'one problem' : `${troubles.length} problems`}`, 'bad');
  workshop.goToFirstProblem();
}

/** @param {string} id @param {() => unknown} act */
function on(id, act) {
  document.getElementById(id)?.addEventListener('click', async () => {
    try {
      await act();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'bad');
    }
  });
}

for (const move of ['submit', 'approve', 'disable']) {
  on(move, async () => {
    at('more').hidePopover();
    if (!(await saveIfChanged()) || !assistant) return;
    assistant = await lifecycle.make(assistant, move);
    lifecycle.showState(assistant);
    toast({ submit: 'Submitted for approval', approve: 'Approved', disable: 'Disabled' }[move] ?? '', 'good');
  });
}
on('save', () => saveNow());
on('conflict-save', () => {
  /** @type {HTMLDialogElement} */ (at('conflict')).close();
  return saveNow(overtakenBy);
});
on('export', () => assistant && download([assistant.id]));
on('remove', () => {
  at('more').hidePopover();
  /** @type {HTMLDialogElement} */ (at('removal')).showModal();
});
on('removal-sure', async () => {
  if (!assistant) return;
  await call('DELETE', address(assistant.id));
  keeping.note(false, workshop.definition, 0);
  location.assign('/assistants');
});
addEventListener('keydown', (event) => {
  if (event.key !== 's' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  saveNow();
});

/** Work from before a reload is offered, not put in the place of what is there. */
function offerKept() {
  const kept = keeping.kept();
  if (!kept) return;
  at('kept').hidden = false;
  if (assistant && kept.version !== assistant.version) at('kept-note').textContent = `They began from version ${kept.version}; the current one is ${assistant.version}.`;
  on('kept-take', () => {
    at('kept').hidden = true;
    workshop = load(kept.definition);
    changed();
  });
  on('kept-drop', () => {
    at('kept').hidden = true;
    keeping.forget();
  });
}

savedText = workshop.text();
if (assistant) lifecycle.showState(assistant);
document.body.append(make('datalist', { id: 'models' }, ...start.models.map((value) => make('option', { value, label: priceWords(value) }))));
offerKept();
if (assistant) checker.soon(0);
else workshop.about.focus();
