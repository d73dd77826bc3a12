// Light, dark, or as the system has it; remembered in this browser.

import { byId } from './elements.js';

const KEY = 'stratadns-theme';
const themes = ['system', 'light', 'dark'];
const signs = { system: '◐', light: '☀', dark: '☾' };
const words = { system: 'as the system', light: 'light', dark: 'dark' };

function show(theme) {
  const root = document.documentElement;
  if (theme === 'system') root.removeAttribute('data-theme');
  else root.dataset.theme = theme;
  const button = byId('theme');
  button.textContent = signs[theme];
  button.setAttribute('aria-label', `Colours: ${words[theme]}`);
  button.title = `Colours: ${words[theme]}`;
}

export function startTheme() {
  const kept = localStorage.getItem(KEY);
  let theme = themes.includes(kept) ? kept : 'system';
  show(theme);
  byId('theme').addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    localStorage.setItem(KEY, theme);
    show(theme);
  });
}
