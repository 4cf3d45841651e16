// @ts-check
/** What models cost, in words, for whoever chooses one. */
import { price } from '../money.js';

/** @typedef {{input: string, output: string}} Price dollars for a million tokens */

/** @type {Record<string, Price>} */
let prices = {};
/** @type {string[]} */
let own = [];

/** @param {Record<string, Price>} set by model @param {string[]} here providers whose models run on the server's machine */
export function know(set, here) {
  prices = set;
  own = here;
}

/** @param {string} model */
export function priceWords(model) {
  if (Object.hasOwn(prices, model)) return `${price(prices[model].input)} in, ${price(prices[model].output)} out for a million tokens`;
  if (own.includes(model.split('/')[0])) return 'Costs nothing: it runs here';
  return 'Price unknown';
}
