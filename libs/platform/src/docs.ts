import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from './version.js';

/** Serves the description of the HTTP interface at `/docs`, as OpenAPI at `/docs-json`. */
export function setUpDocs(app: INestApplication): void {
  const description = new DocumentBuilder()
    .setTitle('Upgate')
    .setDescription(
      'Switches WebSocket upgrades on and off per CDN resource. Errors are RFC 9457 problems with a stable `code`.',
    )
    .setVersion(VERSION)
    .build();
  SwaggerModule.setup('docs', app, SwaggerModule.createDocument(app, description), {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
  });
}
