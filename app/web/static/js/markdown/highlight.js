// @ts-check
/** Colours for code. The highlighter and each language are loaded when the first code of theirs is complete. */
import { sanitize } from './md.js';

/** Longer code keeps one colour: colouring it takes longer than a frame, in characters. */
const MOST = 50_000;

/** @type {Record<string, string>} */
const NAMES = {
  bash: 'bash', sh: 'bash', shell: 'bash', zsh: 'bash', console: 'bash', css: 'css', diff: 'diff', patch: 'diff',
  go: 'go', golang: 'go', html: 'xml', svg: 'xml', xml: 'xml', java: 'java', javascript: 'javascript', js: 'javascript',
  jsx: 'javascript', mjs: 'javascript', json: 'json', jsonc: 'json', markdown: 'markdown', md: 'markdown', py: 'python',
  python: 'python', python3: 'python', sql: 'sql', ts: 'typescript', tsx: 'typescript', typescript: 'typescript',
  yaml: 'yaml', yml: 'yaml',
};

/** @type {Map<string, Promise<import('../../vendor/highlight/core.js').Highlighter>>} */
const loading = new Map();

/** @param {string} language */
async function load(language) {
  const [{ default: highlighter }, { default: grammar }] = await Promise.all([
    import('../../vendor/highlight/core.js'), import(`../../vendor/highlight/${language}.js`),
  ]);
  highlighter.registerLanguage(language, grammar);
  return highlighter;
}

/** The language that a fence names, as we have it; empty if we have not. @param {Element} code */
export function languageOf(code) {
  const named = /(?:^|\s)language-(\S+)/.exec(code.className)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(NAMES, named) ? NAMES[named] : '';
}

/** Code that is complete gets its colours; what cannot be loaded stays plain. @param {HTMLElement} code */
export async function highlight(code) {
  const language = languageOf(code);
  const text = code.textContent ?? '';
  if (!language || !text || text.length > MOST) return;
  if (!loading.has(language)) loading.set(language, load(language));
  try {
    const highlighter = await loading.get(language);
    if (highlighter) code.replaceChildren(sanitize(highlighter.highlight(text, { language }).value));
  } catch {
    loading.delete(language);
  }
}
