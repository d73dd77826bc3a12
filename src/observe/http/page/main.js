// The page: which view is shown, and the live line that all of them share.

import { CacheBrowser } from './cache-browser.js';
import { byId } from './elements.js';
import { Live } from './live.js';
import { Overview } from './overview.js';
import { startTheme } from './theme.js';
import { TraceExplorer } from './trace-explorer.js';

const live = new Live();
const views = { overview: new Overview(live), cache: new CacheBrowser(), trace: new TraceExplorer() };
const statusWords = { connecting: 'Connecting', live: 'Live', lost: 'No connection, trying again' };

/** `#/trace/www.example.com/AAAA` is the view trace with two parts; anything else is the overview. */
function route() {
  const [, view = '', ...parts] = location.hash.split('/');
  return { view: Object.hasOwn(views, view) ? view : 'overview', parts: parts.map(decoded) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function show() {
  if (location.hash === '#main') return;
  const { view, parts } = route();
  for (const name of Object.keys(views)) {
    byId(`view-${name}`).hidden = name !== view;
    views[name].shown = name === view;
  }
  for (const link of document.querySelectorAll('nav a')) {
    if (link.dataset.view === view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title =
    view === 'overview' ? 'stratadns' : `${view} ${parts[0] ?? ''} · stratadns`.replace(/ +/g, ' ');
  views[view].show(parts);
}

function showStatus() {
  byId('status').dataset.state = live.state;
  const text = statusWords[live.state];
  if (byId('status-text').textContent !== text) byId('status-text').textContent = text;
}

startTheme();
live.onChange(showStatus);
live.start();
addEventListener('hashchange', show);
show();
