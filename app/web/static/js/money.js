// @ts-check
/** Exact dollars as people read them; as the server writes it. @param {string} dollars decimal text */
export function money(dollars) {
  const amount = Number(dollars);
  if (amount === 0) return '$0';
  if (amount < 0.0001) return '< $0.0001';
  const places = amount >= 1 ? 2 : 4;
  return `$${amount.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places })}`;
}

/** A price for a million tokens, with two places at least. @param {string} dollars decimal text */
export function price(dollars) {
  const [whole, part = ''] = dollars.split('.');
  return `$${Number(whole).toLocaleString('en')}.${part.padEnd(2, '0')}`;
}
