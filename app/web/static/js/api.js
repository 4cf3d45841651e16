// @ts-check
/** Our own API from our own pages. */

/** An answer that is a problem (RFC 9457); `errors` lists every invalid field. */
export class Problem extends Error {
  /** @param {{status: number, code?: string, detail?: string, title?: string, errors?: {path: string, message: string}[]}} body */
  constructor(body) {
    super(body.detail || body.title || `The server answered ${body.status}.`);
    this.status = body.status;
    this.code = body.code ?? '';
    this.errors = body.errors ?? [];
  }
}

const token = () => document.querySelector('meta[name="csrf-token"]')?.getAttribute('content') ?? '';

/**
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>} the decoded answer, null if it has none
 */
export async function call(method, url, body, headers = {}) {
  const sent = { ...headers };
  if (method !== 'GET') sent['X-CSRF-Token'] = token();
  if (body !== undefined) sent['Content-Type'] = 'application/json';
  const answer = await fetch(url, {
    method, headers: sent, credentials: 'same-origin', cache: 'no-store',
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const isJson = /\bjson\b/.test(answer.headers.get('content-type') ?? '');
  const decoded = isJson && text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Problem({ ...decoded, status: answer.status });
  return decoded;
}
