// Runs before the first paint: MLflow's clients print links with a hash; the theme must not flash; and the runs page is asked for at once.
(() => {
  if (location.hash.startsWith('#/')) {
    history.replaceState(null, '', new URL(`.${location.hash.slice(1)}`, document.baseURI));
  }
  const runs = document.querySelector('meta[name=runs-page]');
  if (runs && /\/experiments\/\d+\/runs\/?$/.test(location.pathname)) {
    const link = document.createElement('link');
    link.rel = 'modulepreload';
    link.href = runs.getAttribute('content');
    document.head.append(link);
  }
  const stored = localStorage.getItem('headrace-theme');
  const dark = stored === 'dark' || (stored !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
