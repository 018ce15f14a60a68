import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const CDN = join(import.meta.dirname, '../../../dist/cdn');

/** Somebody's own site, on an origin of its own: HTML by path, and the built bundle under `/cdn/`. */
export interface HostSite {
  readonly url: string;
  close(): Promise<void>;
}

/** @param headers - Sent with every page, for instance a Content-Security-Policy. */
export async function serveHost(
  pages: Readonly<Record<string, string>>,
  headers: Record<string, string> = {},
): Promise<HostSite> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const page = pages[pathname];
    if (page !== undefined) {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(page);
      return;
    }
    if (pathname === '/favicon.ico') {
      response.writeHead(204).end();
      return;
    }
    readFile(join(CDN, pathname.replace(/^\/cdn\//, ''))).then(
      (file) => {
        const type = pathname.endsWith('.css') ? 'text/css' : 'text/javascript';
        response.writeHead(200, { 'content-type': type }).end(file);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
