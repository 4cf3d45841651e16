/** As much of DOMPurify as our modules use. */
interface Settings {
  RETURN_DOM_FRAGMENT: true;
  FORBID_TAGS?: string[];
  FORBID_ATTR?: string[];
}
declare const DOMPurify: {
  setConfig(settings: Settings): void;
  sanitize(html: string): DocumentFragment;
  addHook(point: 'afterSanitizeAttributes', hook: (node: Element) => void): void;
};
export default DOMPurify;
