// @ts-check
/** The page of a run: follows it from its first event, and offers what can be done with it. */
import { RunStream } from '../sse.js';
import { offer, offerTheRest } from './after.js';
import { Bottom } from './bottom.js';
import { Connection } from './connection.js';
import { at } from './page.js';
import { ServerClock } from './server-clock.js';
import { RunView } from './view.js';

const root = at('run');
const url = `/api/executions/${encodeURIComponent(root.dataset.run ?? '')}`;
const view = new RunView(root, new ServerClock(Number(root.dataset.serverNow)), new Bottom(at('jump')));
const connection = new Connection(at('connection'));
view.onStatus = (word) => { document.title = `${word}: ${root.dataset.name} · Assistant Architect`; };
view.onShown = () => { root.dataset.shown = 'true'; };
offer(url, view);

if (root.dataset.events) {
  const stream = new RunStream(root.dataset.events, { terminal: (type) => type === 'execution.finished' });
  stream.addEventListener('event', (event) => {
    const { data } = /** @type {CustomEvent} */ (event).detail;
    const decoded = JSON.parse(data);
    if (decoded.type === 'server.draining') return connection.drain();
    view.take(decoded);
    if (decoded.type === 'execution.finished') offerTheRest();
  });
  stream.addEventListener('state', (event) => connection.take(/** @type {CustomEvent} */ (event).detail));
}
