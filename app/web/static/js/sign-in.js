// @ts-check
/** Signing in by a one-time link or a password. */
import { call } from './api.js';

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
const at = (id) => /** @type {T} */ (document.getElementById(id));

/** @param {string} url @param {unknown} body */
async function signIn(url, body) {
  at('problem').hidden = true;
  try {
    await call('POST', url, body);
    location.assign(document.body.dataset.next || '/');
  } catch (error) {
    at('problem').textContent = error instanceof Error ? error.message : String(error);
    at('problem').hidden = false;
  }
}

const token = new URLSearchParams(location.hash.slice(1)).get('token');
at('with-link').hidden = !token;
at('with-link').addEventListener('submit', (event) => {
  event.preventDefault();
  signIn('/api/session/link', { token });
});
at('with-password').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
  signIn('/api/session', { email: form.get('email'), password: form.get('password') });
});
