// Runs before the first paint: MLflow's clients print links with a hash; and the theme must not flash.
(() => {
  const base = document.querySelector('base')?.getAttribute('href') ?? '/';
  if (location.hash.startsWith('#/')) history.replaceState(null, '', base + location.hash.slice(2));
  const stored = localStorage.getItem('headrace-theme');
  const dark = stored === 'dark' || (stored !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
