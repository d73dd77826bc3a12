// What tests look at from inside the page; added to it before its own scripts. Tests call `probes.NAME()`.

addEventListener('securitypolicyviolation', (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});

/** Red, green, blue and opacity of any CSS colour. */
function colour(text) {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
}

/** Relative luminance (WCAG 2.2). */
function light([r, g, b]) {
  const linear = [r, g, b].map((c) =>
    c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function backOf(element) {
  for (let at = element; at; at = at.parentElement) {
    const back = colour(getComputedStyle(at).backgroundColor);
    if (back[3] > 0.99) return back;
  }
  return [255, 255, 255, 1];
}

const ownText = (element) =>
  [...element.childNodes]
    .filter(({ nodeType }) => nodeType === 3)
    .map(({ textContent }) => textContent.trim())
    .join('');

globalThis.probes = {
  /** Texts with too little contrast (WCAG 2.2, 1.4.3: 4.5, or 3 for large text), with their ratio. */
  poorContrast() {
    const poor = new Set();
    for (const element of document.body.querySelectorAll('*')) {
      const text = ownText(element);
      if (text === '' || !element.checkVisibility() || element.closest('.skip, noscript')) continue;
      const style = getComputedStyle(element);
      const ink = light(colour(element instanceof SVGElement ? style.fill : style.color));
      const back = light(backOf(element));
      const ratio = (Math.max(ink, back) + 0.05) / (Math.min(ink, back) + 0.05);
      if (ratio < (Number.parseFloat(style.fontSize) >= 24 ? 3 : 4.5))
        poor.add(`${text}: ${ratio.toFixed(2)}`);
    }
    return [...poor];
  },

  /**
   * Looks at each column of the stacked picture that has any layer in it, point by point from top to bottom: how
   * many columns there are, and how many points in them belong to no layer.
   */
  fullColumns() {
    const plot = document.querySelector('#shares-chart svg');
    plot.scrollIntoView({ block: 'center' });
    const lines = [...plot.querySelectorAll('.grid line')].map((line) => line.getBoundingClientRect());
    const top = Math.min(...lines.map(({ y }) => y));
    const bottom = Math.max(...lines.map(({ y }) => y));
    let columns = 0;
    let gaps = 0;
    for (let x = lines[0].left + 1; x < lines[0].right; x += 3) {
      const found = [];
      for (let y = top + 2; y < bottom - 1; y += 2) {
        found.push(document.elementFromPoint(x, y)?.closest('[data-layer]') !== null);
      }
      if (!found.includes(true)) continue;
      columns++;
      gaps += found.filter((layer) => !layer).length;
    }
    return { columns, gaps };
  },

  /** Whatever can be used but has no name for who cannot see it. */
  nameless() {
    return [...document.querySelectorAll('button, a, input, [tabindex="0"]')]
      .filter((one) => one.checkVisibility())
      .filter((one) => !(one.getAttribute('aria-label') ?? one.textContent.trim()) && !one.labels?.length)
      .map((one) => one.outerHTML.slice(0, 80));
  },

  focusIs: (selector) => document.activeElement?.matches(selector) ?? false,
  rowOutline: () => getComputedStyle(document.activeElement.querySelector('.row-back')).strokeWidth,
  background: () => getComputedStyle(document.body).backgroundColor,
  width: () => document.documentElement.scrollWidth,
};
