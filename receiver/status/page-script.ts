/** Keeps an open status page up to date: fetches itself, and puts in place what changed. The page does without. */
export const PAGE_SCRIPT = `
(() => {
  const everyMs = 3000;
  const button = document.getElementById('pause');
  let isPaused = false;
  button.hidden = false;
  button.addEventListener('click', () => {
    isPaused = !isPaused;
    button.setAttribute('aria-pressed', String(isPaused));
  });
  const replace = (next) => {
    document.title = next.title;
    for (const id of ['last', 'now']) {
      const [old, fresh] = [document.getElementById(id), next.getElementById(id)];
      if (old && fresh) old.textContent = fresh.textContent;
    }
    for (const fresh of next.querySelectorAll('main > section')) {
      const old = document.getElementById(fresh.id);
      if (!old) {
        document.querySelector('main').append(fresh);
        continue;
      }
      if (old.contains(document.activeElement) || old.innerHTML === fresh.innerHTML) continue;
      for (const details of old.querySelectorAll('details[open]')) fresh.querySelector('#' + details.id)?.setAttribute('open', '');
      if (old.innerHTML === fresh.innerHTML) continue;
      const at = [...old.querySelectorAll('.scroll')].map((box) => box.scrollLeft);
      old.replaceWith(fresh);
      fresh.querySelectorAll('.scroll').forEach((box, i) => { box.scrollLeft = at[i] ?? 0; });
    }
  };
  const update = async () => {
    if (!isPaused && !document.hidden) {
      try {
        const answer = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(10000) });
        if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), 'text/html'));
        document.body.classList.toggle('stale', !answer.ok);
      } catch {
        document.body.classList.add('stale');
      }
    }
    setTimeout(update, everyMs);
  };
  setTimeout(update, everyMs);
})();
`;
