// @ts-check
/** The record page: stop it, and look at it again as it came. */
import { Problem, call } from '../api.js';
import { toast } from '../toast.js';
import { Recording, summary } from './replay.js';

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
const at = (id) => /** @type {T} */ (document.getElementById(id));

const id = encodeURIComponent(at('execution').dataset.execution ?? '');
const url = `/api/admin/executions/${id}`;
const own = `/api/executions/${id}`;
const ROWS = 2000;

/** @param {() => Promise<void>} work */
const attempt = (work) => work().catch((error) => toast(error instanceof Error ? error.message : String(error), 'bad'));

async function stop() {
  const receipt = await call('POST', `${url}/cancel`);
  const closed = receipt.upstreamClosed ? 'the connection to the model is closed' : 'the connection to the model may still be open';
  at('receipt').textContent = `${receipt.outcome.replaceAll('_', ' ')} after ${receipt.latencyMs} ms; ${closed}; ${receipt.keptChars} characters kept.`;
  at('stop').hidden = true;
}

/** To the new execution; a refusal is said in the dialog. @param {SubmitEvent} event */
async function rerun(event) {
  event.preventDefault();
  const button = /** @type {HTMLButtonElement} */ (event.submitter);
  const fromPrompt = /** @type {HTMLSelectElement} */ (at('rerun-from')).value;
  button.disabled = true;
  try {
    const started = await call('POST', `${own}/rerun`, fromPrompt ? { fromPrompt } : {});
    location.assign(`/admin/executions/${encodeURIComponent(started.id)}`);
  } catch (error) {
    const said = error instanceof Problem ? error.errors.map(({ message }) => message).join(' ') : '';
    at('rerun-problem').textContent = said || (error instanceof Error ? error.message : String(error));
    at('rerun-problem').hidden = false;
    button.disabled = false;
  }
}

/** All of them, a stretch at a time. */
async function load() {
  const events = [];
  for (let after = '0'; after !== null;) {
    const page = await call('GET', `${url}/replay?after=${after}`);
    events.push(...page.items);
    after = page.nextCursor;
  }
  return new Recording(events);
}

class Player {
  /** @param {Recording} recording */
  constructor(recording) {
    this.recording = recording;
    this.scrubber = /** @type {HTMLInputElement} */ (at('scrubber'));
    this.scrubber.max = String(recording.length);
    this.playing = false;
    /** @type {Map<string, Place>} */
    this.places = new Map();
    this.scrubber.addEventListener('input', () => this.show(Number(this.scrubber.value)));
    at('play').addEventListener('click', () => (this.playing ? this.pause() : this.play()));
    this.show(0);
  }

  play() {
    if (Number(this.scrubber.value) >= this.recording.length) this.show(0);
    this.playing = true;
    this._name('Pause');
    let last = performance.now();
    /** @param {number} now */
    const step = (now) => {
      if (!this.playing) return;
      const speed = Number(/** @type {HTMLSelectElement} */ (at('speed')).value);
      this.show(Math.min(this.recording.length, Number(this.scrubber.value) + (now - last) * speed));
      last = now;
      if (Number(this.scrubber.value) >= this.recording.length) this.pause();
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  pause() {
    this.playing = false;
    this._name('Play');
  }

  /** @param {number} ms */
  show(ms) {
    this.scrubber.value = String(Math.round(ms));
    const { recording } = this;
    at('replay-time').textContent = `${(ms / 1000).toFixed(1)} of ${(recording.length / 1000).toFixed(1)} s, event ${recording.count(ms)} of ${recording.events.length}`;
    this.scrubber.setAttribute('aria-valuetext', at('replay-time').textContent ?? '');
    const shown = recording.at(ms);
    const texts = at('replay-texts');
    const roots = [...shown].map(([id, prompt]) => this._place(id).show(prompt));
    if (roots.length !== texts.children.length) texts.replaceChildren(...roots);
  }

  /** @param {string} id */
  _place(id) {
    const place = this.places.get(id) ?? new Place(id);
    this.places.set(id, place);
    return place;
  }

  /** @param {string} word */
  _name(word) {
    const name = at('play').querySelector('span');
    if (name) name.textContent = word;
  }
}

/** Where a prompt is shown. */
class Place {
  /** @param {string} id */
  constructor(id) {
    this.root = document.createElement('div');
    this.root.dataset.prompt = id;
    this.title = document.createElement('h3');
    this.output = document.createElement('pre');
    this.output.tabIndex = 0;
    this.text = document.createTextNode('');
    this.output.append(this.text);
    this.root.append(this.title, this.output);
  }

  /** @param {import('./replay.js').Shown} prompt */
  show({ name, text, status }) {
    this.title.textContent = name;
    this.output.className = status === 'void' ? 'block void' : 'block';
    const before = this.text.data;
    if (text.startsWith(before)) this.text.appendData(text.slice(before.length));
    else this.text.data = text;
    return this.root;
  }
}

/** @param {Recording} recording */
function list(recording) {
  const rows = recording.events.slice(0, ROWS).map((event, index) => {
    const row = document.createElement('tr');
    const cells = [String(event.seq), `${recording.moments[index]} ms`, event.type, summary(event)];
    cells.forEach((text, column) => {
      const cell = document.createElement('td');
      cell.className = column < 2 ? 'end nowrap' : 'mono';
      cell.append(text);
      row.append(cell);
    });
    return row;
  });
  at('event-rows').replaceChildren(...rows);
}

document.getElementById('stop')?.addEventListener('click', () => attempt(stop));
document.getElementById('rerun-form')?.addEventListener('submit', rerun);
document.getElementById('load-replay')?.addEventListener('click', () => attempt(async () => {
  const recording = await load();
  at('load-replay').hidden = true;
  at('player').hidden = false;
  at('replay-line').textContent = recording.events.length > ROWS ? `The first ${ROWS} events are listed below.` : '';
  list(recording);
  new Player(recording);
}));
