/** As much of remend as our modules use. */
export default function remend(text: string, options?: { linkMode?: 'protocol' | 'text-only'; images?: boolean }): string;
