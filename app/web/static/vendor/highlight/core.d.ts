/** As much of highlight.js as our modules use. */
export interface Highlighter {
  registerLanguage(name: string, grammar: (highlighter: Highlighter) => object): void;
  highlight(code: string, options: { language: string }): { value: string };
}
declare const highlighter: Highlighter;
export default highlighter;
