/** The page's colours as an ECharts theme, read from theme.css. */

/** A theme, and the colour of the page under the chart. */
export interface ChartTheme {
  ground: string;
  [part: string]: unknown;
}

/** Read the theme that the page has now. */
export function chartTheme(dark: boolean): ChartTheme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
  const text = read('--mantine-color-text', dark ? '#e6e9ee' : '#14181f');
  const dim = read('--hr-dim', dark ? '#9aa4b2' : '#5b6472');
  const line = read('--hr-line', dark ? '#2a2f38' : '#e3e6eb');
  const raised = read('--hr-raised', dark ? '#1b1e24' : '#f7f8fa');
  const ground = read('--mantine-color-body', dark ? '#16181d' : '#ffffff');
  // Double quotes in it would end the attribute of an SVG file.
  const fontFamily = getComputedStyle(document.body).fontFamily.replaceAll('"', "'");
  const axis = {
    axisLine: { show: true, lineStyle: { color: dim } },
    axisTick: { show: false },
    axisLabel: { color: dim, fontSize: 11.5 },
    splitLine: { lineStyle: { color: line } },
    nameTextStyle: { color: text, fontSize: 12.5 },
  };
  return {
    ground,
    darkMode: dark,
    backgroundColor: 'transparent',
    textStyle: { fontFamily, color: text },
    categoryAxis: { ...axis, splitLine: { show: false, lineStyle: { color: line } } },
    valueAxis: axis,
    logAxis: axis,
    legend: { textStyle: { color: text }, inactiveColor: dim },
    tooltip: {
      backgroundColor: raised,
      borderColor: line,
      borderWidth: 1,
      padding: [6, 10],
      textStyle: { color: text, fontSize: 12.5 },
      confine: true,
      transitionDuration: 0,
    },
  };
}
