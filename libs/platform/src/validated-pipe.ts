import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { validated } from './validation.js';

/** Makes a body or query the instance of its class that the route declares; see `validated`. */
@Injectable()
export class ValidatedPipe implements PipeTransform<unknown, object> {
  transform(value: unknown, { metatype }: ArgumentMetadata): object {
    if (!metatype) throw new Error('a validated parameter needs a class as its type');
    return validated<object>(metatype, value ?? {});
  }
}
