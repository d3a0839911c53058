// Runs before the first paint: MLflow's clients print links with a hash; and the theme must not flash.
(() => {
  if (location.hash.startsWith('#/')) {
    history.replaceState(null, '', new URL(`.${location.hash.slice(1)}`, document.baseURI));
  }
  const stored = localStorage.getItem('headrace-theme');
  const dark = stored === 'dark' || (stored !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
