/** As much of markdown-it as our modules use. */
export interface Token {
  type: string;
  tag: string;
  level: number;
  nesting: number;
  map: [number, number] | null;
  markup: string;
  info: string;
  content: string;
  attrs: [string, string][] | null;
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
  attrJoin(name: string, value: string): void;
}
export interface Renderer {
  rules: Record<string, (tokens: Token[], index: number, options: object, env: object, self: Renderer) => string>;
  renderToken(tokens: Token[], index: number, options: object): string;
}
export default class MarkdownIt {
  constructor(options?: { html?: boolean; linkify?: boolean });
  renderer: Renderer;
  block: { parse(source: string, md: MarkdownIt, env: object, tokens: Token[]): void };
  utils: { escapeHtml(text: string): string };
  render(source: string): string;
  use(plugin: (md: MarkdownIt) => void): this;
}
