// @ts-check
/** The input form of an assistant, made from its definition. */

/**
 * @typedef {{value: string, label?: string}} Choice
 * @typedef {{placeholder?: string, default?: string, maxLength?: number, rows?: number, choices?: Choice[],
 *   minSelections?: number, maxSelections?: number, accept?: string, maxSize?: number, multiple?: boolean}} Options
 * @typedef {{name: string, label?: string, type: string, required?: boolean, options?: Options}} Field
 */

/**
 * @param {string} tag
 * @param {Record<string, string|number|boolean|undefined>} properties
 * @param {...(Node|string)} children
 */
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

/** @param {Field} field @param {string} id @returns {HTMLElement} */
function control(field, id) {
  const options = field.options ?? {};
  const shared = { id, name: field.name, required: field.required, 'aria-describedby': `${id}-error` };
  switch (field.type) {
    case 'long_text': {
      const area = make('textarea', { ...shared, rows: options.rows ?? 5, placeholder: options.placeholder });
      area.textContent = options.default ?? '';
      return area;
    }
    case 'select': {
      const choices = (options.choices ?? []).map((choice) =>
        make('option', { value: choice.value, selected: choice.value === options.default }, choice.label || choice.value));
      return make('select', shared, make('option', { value: '' }, '—'), ...choices);
    }
    case 'multi_select':
      return make('div', { id, class: 'choices' }, ...(options.choices ?? []).map((choice) => make('label', {},
        make('input', { type: 'checkbox', name: field.name, value: choice.value }), ' ', choice.label || choice.value)));
    case 'file_upload':
      return make('input', { ...shared, type: 'file', accept: options.accept, multiple: options.multiple });
    default:
      return make('input', { ...shared, type: 'text', placeholder: options.placeholder, value: options.default });
  }
}

/** @param {Field} field @param {number} index */
function row(field, index) {
  const id = `field-${index}`;
  const name = (field.label || field.name) + (field.required ? ' *' : '');
  const error = make('p', { id: `${id}-error`, class: 'error', role: 'alert' });
  if (field.type === 'multi_select') {
    return make('fieldset', { 'data-field': field.name }, make('legend', {}, name), control(field, id), error);
  }
  return make('div', { 'data-field': field.name }, make('label', { for: id }, name), control(field, id), error);
}

/** @param {HTMLElement} place @param {Field[]} fields */
export function showFields(place, fields) {
  place.replaceChildren(...fields.map(row));
}

/** @param {File[]} files */
function read(files) {
  return Promise.all(files.map(async (file) => ({ name: file.name, content: await file.text() })));
}

/**
 * What was filled in, as a start wants it. Files are read here, as text.
 * @param {HTMLElement} place
 * @param {Field[]} fields
 */
export async function readFields(place, fields) {
  /** @type {Record<string, unknown>} */
  const inputs = {};
  for (const field of fields) {
    const named = [...place.querySelectorAll('[name]')].filter((one) => one.getAttribute('name') === field.name);
    if (field.type === 'multi_select') {
      inputs[field.name] = named.filter((box) => /** @type {HTMLInputElement} */ (box).checked)
        .map((box) => /** @type {HTMLInputElement} */ (box).value);
    } else if (field.type === 'file_upload') {
      const files = await read([.../** @type {HTMLInputElement} */ (named[0]).files ?? []]);
      if (files.length) inputs[field.name] = field.options?.multiple ? files : files[0];
    } else {
      const { value } = /** @type {HTMLInputElement} */ (named[0]);
      if (value !== '' || field.type !== 'select') inputs[field.name] = value;
    }
  }
  return inputs;
}

/**
 * Each problem at its field, and the focus on the first; what belongs to none comes back.
 * @param {HTMLElement} place
 * @param {{path: string, message: string}[]} errors
 */
export function showErrors(place, errors) {
  for (const spot of place.querySelectorAll('.error')) spot.textContent = '';
  for (const one of place.querySelectorAll('[aria-invalid]')) one.removeAttribute('aria-invalid');
  const others = errors.filter(({ path, message }) => {
    const name = /^inputs\.([^.[]+)/.exec(path)?.[1];
    const row = [...place.children].find((one) => one.getAttribute('data-field') === name);
    const spot = row?.querySelector('.error');
    if (!name || !spot) return true;
    spot.textContent = `${spot.textContent} ${message}`.trim();
    row?.querySelector('input, select, textarea')?.setAttribute('aria-invalid', 'true');
    return false;
  });
  /** @type {HTMLElement|null} */ (place.querySelector('[aria-invalid]'))?.focus();
  return others;
}
