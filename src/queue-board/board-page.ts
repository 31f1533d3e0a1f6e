import { ExpressAdapter } from '@bull-board/express';
import type { AppViewRoute } from '@bull-board/api/typings/app';
import type { Express, Request, Response } from 'express';

/** The page of the board without what comes from other servers, and without inline styles, which its policy forbids. */
export class BoardPage extends ExpressAdapter {
  constructor(private readonly path: string) {
    super();
    this.setBasePath(path);
  }

  override setEntryRoute(entry: AppViewRoute): this {
    const app = this.getRouter() as Express;
    app[entry.method](entry.route, (_request: Request, response: Response, next: (error?: unknown) => void) => {
      const { name, params } = entry.handler({ basePath: this.path, uiConfig: this.uiConfig });
      app.render(name, params, (error: unknown, html: string) => {
        if (error) return next(error);
        response.type('html').send(withoutInline(html));
      });
    });
    return this;
  }
}

function withoutInline(html: string): string {
  return html
    .replace(/<link href="https?:[^>]*>\s*/g, '')
    .replace(/<div id="root">[\s\S]*?<\/style>\s*<\/div>/, '<div id="root"></div>');
}
