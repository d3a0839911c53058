/** Addresses of commits on the web, for the hosts of code whose addresses are known. */

/** The web address of a repository, from what git calls a remote; undefined if it is none on the web. */
export function webAddress(remote: string): string | undefined {
  const plain = remote
    .trim()
    .replace(/\.git\/?$/, '')
    .replace(/\/$/, '');
  const short = /^(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)+):(?!\/)(.+)$/.exec(plain);
  if (short && !plain.includes('://')) return `https://${short[1]}/${short[2]}`;
  if (!URL.canParse(plain)) return undefined;
  const url = new URL(plain);
  if (!['http:', 'https:', 'ssh:', 'git:'].includes(url.protocol) || !url.hostname) return undefined;
  const isWeb = url.protocol.startsWith('http');
  return `${isWeb ? url.protocol : 'https:'}//${isWeb ? url.host : url.hostname}${url.pathname}`;
}

/** The web address of a commit; undefined if the host's addresses are not known. */
export function commitAddress(remote: string, commit: string): string | undefined {
  const repository = webAddress(remote);
  if (!repository || !/^[0-9a-f]{7,64}$/i.test(commit)) return undefined;
  const { hostname } = new URL(repository);
  if (/gitlab/.test(hostname)) return `${repository}/-/commit/${commit}`;
  if (/bitbucket/.test(hostname)) return `${repository}/commits/${commit}`;
  return `${repository}/commit/${commit}`;
}
