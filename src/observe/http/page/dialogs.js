// The one dialog: asks to confirm, or for the token.

import { byId } from './elements.js';

/** Shows the dialog. @returns the form's data, or undefined when it was left */
function ask({ title, text, yes, withToken }) {
  const dialog = byId('ask-dialog');
  const form = byId('ask-form');
  byId('ask-title').textContent = title;
  byId('ask-text').textContent = text;
  byId('ask-yes').textContent = yes;
  byId('ask-field').hidden = !withToken;
  form.reset();
  form.elements.token.required = withToken;
  return new Promise((resolve) => {
    const done = new AbortController();
    const { signal } = done;
    const end = (answer) => {
      done.abort();
      dialog.close();
      resolve(answer);
    };
    form.addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        end(new FormData(form));
      },
      { signal },
    );
    byId('ask-no').addEventListener('click', () => end(undefined), { signal });
    dialog.addEventListener('cancel', () => end(undefined), { signal });
    dialog.showModal();
    if (withToken) form.elements.token.focus();
    else byId('ask-no').focus();
  });
}

export async function confirmed(title, text, yes) {
  return (await ask({ title, text, yes, withToken: false })) !== undefined;
}

/** @returns the token, or undefined */
export async function askToken(complaint) {
  const text = `${complaint ? `${complaint} ` : ''}The server wants its token (http.token of the configuration). It is kept until this tab is closed.`;
  const answer = await ask({ title: 'Token needed', text, yes: 'Go on', withToken: true });
  return answer?.get('token').trim() || undefined;
}
