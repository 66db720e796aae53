import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { canary } from '../helpers/canary.ts'
import { startDevServer } from '../helpers/dev-server.ts'
import type { DevServer } from '../helpers/dev-server.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { createEnds } from '../helpers/ends.ts'
import {
  deniedFiles,
  expectNoSecret,
  expectNoSecretPixel,
  makeGuardedProject,
} from '../helpers/guarded-project.ts'
import type { GuardedProject } from '../helpers/guarded-project.ts'
import { optionsFor } from '../helpers/hero.ts'
import { describeImage, drawNoise } from '../helpers/images.ts'
import { makeBombPng } from '../helpers/odd-images.ts'
import { connectRaw, renderRawRequest, sendRaw } from '../helpers/raw-http.ts'
import type { RawAnswer, RawRequest } from '../helpers/raw-http.ts'
import { vites, viteVersions } from '../helpers/vite-versions.ts'

/** A request, and what has to come of it. */
interface Row extends Omit<RawRequest, 'target'> {
  title: string
  /** `{root}`, `{outside}` and `{allowed}` stand for the folders. */
  target: string | Buffer
  /**
   * A status; or who refuses it, we by a text or somebody in another way; or that no harm is done. What is Vite's to answer
   * as a module ends in its error page when it fails, with the status 500.
   */
  gives: number | 'our refusal' | 'any refusal' | 'no harm' | 'a module or an error' | 'an error'
  /** Of the picture that comes, where one comes. */
  size?: [width: number, height: number]
  /** What the text of the refusal holds. */
  says?: string
}

const twice: [number, number] = [120, 80]
const good = '/src/tiny.png?magnific=2x'
const hero = '/src/hero.png'
const query = '?magnific=2x'

/** A good request, which gets the picture. */
const shows = (title: string, target: string | Buffer, size = twice): Row => ({
  title,
  target,
  gives: 200,
  size,
})
const refuses = (title: string, target: string | Buffer, says?: string): Row => ({
  title,
  target,
  gives: 'our refusal',
  ...(says === undefined ? {} : { says }),
})

const groups: { title: string; rows: Row[] }[] = [
  {
    title: 'shows',
    rows: [
      shows('the picture', `${hero}${query}`),
      shows('a larger one', `${hero}?magnific=4x`, [240, 160]),
      shows('a bare key', `${hero}?magnific`),
      shows('a key with an empty value', `${hero}?magnific=`),
      shows('an escaped key', `${hero}?m%61gnific=%32x`),
      shows('a preset', `${hero}?magnific=nice`, [240, 160]),
      shows('other fields', `${hero}?prompt=a+b%20c&magnific=2x&hdr=-3&engine=magnific_sharpy`),
      shows('a prompt with marks', `${hero}?magnific=2x&prompt=style:oil,~a/b@c!*'()$`),
      shows('empty parts', `${hero}?&&magnific=2x&&`),
      shows('many empty parts', `${hero}?magnific=2x${'&'.repeat(7000)}`),
      shows('a version and a time of the host', `${hero}?magnific=2x&v=1f2e&t=1700000000000`),
      shows('a JPEG', `/src/photo.jpg${query}`),
      shows('a WebP', `/src/photo.webp${query}`),
      shows('a JPEG that is called PNG', `/src/really-a-jpeg.png${query}`),
      shows('a name with a space', `/src/a%20picture.png${query}`),
      shows('a name with other letters', `/src/${encodeURIComponent('größe-絵.png')}${query}`),
      shows('a name with #', `/src/sharp%231.png${query}`),
      shows('a name with %', `/src/100%25.png${query}`),
      shows('a name with + & =', `/src/a+b&c=d.png${query}`),
      shows('a link within the root', `/src/link-in.png${query}`),
      shows('a file of the root by its path', `/@fs/{root}/src/hero.png${query}`),
      shows('a file of an allowed folder', `/@fs/{allowed}/shared.png${query}`),
      shows('a long prompt', `${hero}?magnific=2x&prompt=${'a'.repeat(7900)}`),
    ],
  },
  {
    title: 'refuses a query with',
    rows: [
      refuses('a scale that there is not', `${hero}?magnific=3x`, '`magnific` must be one of'),
      refuses('a number for a scale', `${hero}?magnific=4`, 'Did you mean "4x"?'),
      refuses('an unknown preset', `${hero}?magnific=nicer`, 'nice'),
      refuses('a typo', `${hero}?magnifc=2x`, 'Did you mean "magnific"?'),
      refuses('a letter of another alphabet', `${hero}?m%D0%B0gnific=2x`, 'Did you mean'),
      refuses('a letter that nobody sees', `${hero}?m%E2%80%8Bagnific=2x`, 'Did you mean'),
      refuses('capitals', `${hero}?MAGNIFIC=2x`, 'Did you mean "magnific"?'),
      refuses('capitals in a value', `${hero}?magnific=2X`),
      refuses('no key but others of ours', `${hero}?optimized_for=standard`, '`magnific`'),
      refuses('the name of the wire', `${hero}?scale_factor=4x`, 'magnific=4x'),
      refuses('a key of nobody', `${hero}?magnific=2x&width=3`, 'width'),
      refuses('a key twice', `${hero}?magnific=2x&magnific=2x`, 'more than once'),
      refuses('a key twice, once escaped', `${hero}?magnific=2x&%6dagnific=16x`, 'more than once'),
      refuses('two question marks', `${hero}??magnific=2x`),
      refuses('a question mark in a value', `${hero}?magnific=2x?`),
      refuses('semicolons', `${hero}?magnific=2x;hdr=1`),
      refuses('entities', `${hero}?magnific=2x&amp;hdr=1`),
      refuses('?raw', `${hero}?raw&magnific=2x`, '`raw`'),
      refuses('?raw??', `${hero}?magnific=2x&raw??`),
      refuses('?worker', `${hero}?worker&magnific=2x`, 'worker'),
      refuses('?html-proxy', `${hero}?html-proxy&index=0.js&magnific=2x`, 'html-proxy'),
      refuses('?.wasm?init', `${hero}?magnific=2x&.wasm?init`),
      refuses('a variant directive', `${hero}?magnific=2x&w=0`, '`w`'),
      refuses('capitals in import', `${hero}?magnific=2x&IMPORT`, 'IMPORT'),
      refuses('__proto__ for a key', `${hero}?magnific=2x&__proto__=1`, '__proto__'),
      refuses('__proto__[x] for a key', `${hero}?magnific=2x&__proto__[hdr]=1`),
      refuses('constructor for a key', `${hero}?constructor&magnific=2x`, 'constructor'),
      refuses('__proto__ for a preset', `${hero}?magnific=__proto__`),
      refuses('constructor for a preset', `${hero}?magnific=constructor`),
      refuses('toString for an engine', `${hero}?magnific=2x&engine=toString`, '`engine`'),
      refuses('an array', `${hero}?magnific[]=2x`),
      refuses('a number out of range', `${hero}?magnific=2x&hdr=11`, '`hdr`'),
      refuses('a number with an exponent', `${hero}?magnific=2x&hdr=1e0`, '`hdr`'),
      refuses('a number in hexadecimal', `${hero}?magnific=2x&hdr=0x1`, '`hdr`'),
      refuses('an empty prompt', `${hero}?magnific=2x&prompt=`, '`prompt`'),
      refuses('a lone %', `${hero}?magnific=2x&prompt=100%`, 'percent-encoded'),
      refuses('bad UTF-8', `${hero}?magnific=2x&prompt=%ff%fe`, 'percent-encoded'),
      refuses('an overlong escape', `${hero}?magnific=2x&prompt=%c0%af`, 'percent-encoded'),
      refuses('half a surrogate pair', `${hero}?magnific=2x&prompt=%ed%a0%80`, 'percent-encoded'),
      refuses('NUL in the key', `${hero}?magnific%00=2x`),
      refuses('NUL in the value', `${hero}?magnific=2x%00`),
      refuses(
        '8,100 characters',
        `${hero}?magnific=2x&prompt=${'a'.repeat(8100)}`,
        '8000 are allowed',
      ),
      refuses(
        '15,000 characters',
        `${hero}?magnific=2x&prompt=${'a'.repeat(15_000)}`,
        '8000 are allowed',
      ),
      refuses('1,500 keys', `${hero}?magnific=2x${'&hdr=1'.repeat(1500)}`),
      refuses('900 keys that are none', `${hero}?magnific=2x${'&%69mporte'.repeat(900)}`),
    ],
  },
  {
    title: 'refuses the path',
    rows: [
      refuses('with NUL', `/src/hero%00.png${query}`),
      refuses('with NUL at its end', `/src/hero.png%00.png${query}`),
      refuses('with an encoded slash', `/src%2fhero.png${query}`),
      refuses('with a lone %', `/src/100%.png${query}`),
      refuses('with bad UTF-8', `/src/%ff%fe.png${query}`),
      refuses('with an overlong slash', `/src/..%c0%af..%c0%afsecret.png${query}`),
      refuses('that is encoded twice', `/src/%252e%252e/%252e%252e/secret.png${query}`),
      refuses('of nothing', `/src/nothing.png${query}`, 'nothing.png'),
      refuses('of a folder that is none', `/nowhere/hero.png${query}`),
      refuses('below a file', `/src/hero.png/hero.png${query}`),
      refuses('of a folder', `/src/folder.png${query}`),
      refuses('of 10,000 characters', `/src/${'a'.repeat(10_000)}.png${query}`),
      refuses('of 2,000 folders', `${'/src'.repeat(2000)}/hero.png${query}`),
      { title: 'of 20,000 characters', target: `/${'a'.repeat(20_000)}.png`, gives: 431 },
      { title: 'with a fragment', target: `${hero}${query}#x`, gives: 'any refusal' },
      { title: 'with an encoded ?', target: `${hero}%3Fmagnific=2x`, gives: 'any refusal' },
      { title: 'with a backslash', target: `/src\\hero.png${query}`, gives: 'any refusal' },
      {
        title: 'with an encoded backslash',
        target: `/src%5chero.png${query}`,
        gives: 'any refusal',
      },
      { title: 'with a space', target: `/src/a picture.png${query}`, gives: 400 },
      { title: 'with a line break', target: `/src/hero.png\n${query}`, gives: 400 },
      { title: 'with a stream of Windows', target: `${hero}::$DATA${query}`, gives: 'no harm' },
      { title: 'with a slash at its end', target: `${hero}/${query}`, gives: 'no harm' },
      { title: 'with a dot at its end', target: `${hero}.${query}`, gives: 'no harm' },
      { title: 'of letters as they are', target: `/src/größe-絵.png${query}`, gives: 'no harm' },
      {
        title: 'of bytes that are no text',
        target: Buffer.from(`/src/\u00FF\u00FE.png${query}`, 'latin1'),
        gives: 'any refusal',
      },
      { title: 'of an id', target: `/@id/${hero}${query}`, gives: 'any refusal' },
      { title: 'of a virtual id', target: `/@id/__x00__${hero}${query}`, gives: 'any refusal' },
      { title: 'of a virtual file', target: `/__x00__${hero}${query}`, gives: 'any refusal' },
      { title: 'that is empty', target: query, gives: 'any refusal' },
      { title: 'that is an asterisk', target: '*', gives: 'no harm' },
      { title: 'of a file in public/', target: `/logo.png${query}`, gives: 'no harm' },
      {
        title: 'of a file in public/ by its place',
        target: `/public/logo.png${query}`,
        gives: 'no harm',
      },
      { title: 'that says . and ..', target: `/src/./../src/hero.png${query}`, gives: 'no harm' },
      { title: 'with two slashes', target: `//src/hero.png${query}`, gives: 'no harm' },
      { title: 'with two slashes within', target: `/src//hero.png${query}`, gives: 'no harm' },
      { title: 'with a host', target: `http://127.0.0.1${hero}${query}`, gives: 'no harm' },
      {
        title: 'with a strange host',
        target: `http://evil.example${hero}${query}`,
        gives: 'no harm',
      },
      { title: 'with another protocol', target: `file://{root}${hero}${query}`, gives: 'no harm' },
    ],
  },
  {
    title: 'refuses a source that is',
    rows: [
      refuses('a text', `/src/text.png${query}`),
      refuses('empty', `/src/empty.png${query}`, 'empty'),
      refuses('cut off', `/src/cut.png${query}`),
      refuses('animated', `/src/animated.png${query}`, 'nimat'),
      refuses('an SVG', `/src/icon.svg${query}`),
      refuses('an SVG that is called PNG', `/src/svg.png${query}`),
      refuses('an animated GIF', `/src/animated.gif${query}`, 'nimat'),
      refuses('a HEIC, which is not decoded here', `/src/photo.heic${query}`),
      refuses('too large', `/src/large.png?magnific=4x`, '25.3'),
      refuses('a bomb', `/src/bomb.png${query}`),
    ],
  },
  {
    title: 'shows nothing of what it may not serve:',
    rows: [
      { title: 'a file outside', target: `/@fs/{outside}/secret.png${query}`, gives: 403 },
      {
        title: 'a file outside, one slash',
        target: `/@fs{outside}/secret.png${query}`,
        gives: 403,
      },
      {
        title: 'a file outside, three slashes',
        target: `/@fs//{outside}/secret.png${query}`,
        gives: 'our refusal',
      },
      refuses(
        'a file outside through the root',
        `/@fs/{root}/../{outside-name}/secret.png${query}`,
      ),
      refuses('..', `/src/../../{outside-name}/secret.png${query}`),
      refuses('escaped ..', `/src/%2e%2e/%2e%2e/{outside-name}/secret.png${query}`),
      refuses('half escaped ..', `/src/.%2e/%2E./{outside-name}/secret.png${query}`),
      refuses('.. with an escaped slash', `/src/..%2f..%2f{outside-name}/secret.png${query}`),
      refuses('/@fs/ and ..', `/@fs/{root}/src/%2e%2e/%2e%2e/{outside-name}/secret.png${query}`),
      {
        title: '.. with backslashes',
        target: `/src/..\\..\\{outside-name}\\secret.png${query}`,
        gives: 'any refusal',
      },
      {
        title: '.. with escaped backslashes',
        target: `/src/..%5c..%5c{outside-name}%5csecret.png${query}`,
        gives: 'any refusal',
      },
      { title: 'an absolute path', target: `{outside}/secret.png${query}`, gives: 'any refusal' },
      {
        title: 'an escaped /@fs/',
        target: `/%40fs/{outside}/secret.png${query}`,
        gives: 'any refusal',
      },
      {
        title: '/@fs/ in capitals',
        target: `/@FS/{outside}/secret.png${query}`,
        gives: 'any refusal',
      },
      {
        title: '/@fs/ after a slash',
        target: `//@fs/{outside}/secret.png${query}`,
        gives: 'any refusal',
      },
      {
        title: '/@fs/ after a dot',
        target: `/./@fs/{outside}/secret.png${query}`,
        gives: 'any refusal',
      },
      {
        title: '/@fs/ in an id',
        target: `/@id/@fs/{outside}/secret.png${query}`,
        gives: 'any refusal',
      },
      {
        title: 'a path in an id',
        target: `/@id/{outside}/secret.png${query}`,
        gives: 'any refusal',
      },
      {
        title: 'a file: URL in an id',
        target: `/@id/file://{outside}/secret.png${query}`,
        gives: 'any refusal',
      },
      { title: 'a link out of the root', target: `/src/link-out.png${query}`, gives: 403 },
      {
        title: 'a folder that is a link out of the root',
        target: `/src/link-folder/secret.png${query}`,
        gives: 403,
      },
      { title: 'a link to a device', target: `/src/link-device.png${query}`, gives: 403 },
      refuses('a link to nowhere', `/src/link-nowhere.png${query}`),
      refuses('a link to itself', `/src/link-loop.png${query}`),
      { title: 'a denied file', target: `/src/denied.png${query}`, gives: 403 },
      {
        title: 'a denied file by its path',
        target: `/@fs/{root}/src/denied.png${query}`,
        gives: 403,
      },
      { title: 'a denied file, escaped', target: `/src/d%65nied.png${query}`, gives: 403 },
      {
        title: 'a denied file, by a detour',
        target: `/src/./x/../denied.png${query}`,
        gives: 'our refusal',
      },
      {
        title: 'a denied file, with two slashes',
        target: `/src//denied.png${query}`,
        gives: 'our refusal',
      },
      {
        title: 'a denied file, with a slash',
        target: `/src/denied.png/${query}`,
        gives: 'any refusal',
      },
      { title: 'a denied folder', target: `/src/private/diary.png${query}`, gives: 403 },
      { title: 'a link to a denied file', target: `/src/link-denied.png${query}`, gives: 403 },
      { title: 'a link with a denied name', target: `/src/.env.link.png${query}`, gives: 403 },
      { title: 'a name like .env', target: `/src/.env.png${query}`, gives: 403 },
      { title: 'a name like .env.local', target: `/.env.local.png${query}`, gives: 403 },
      { title: 'a file of git', target: `/src/.git/secret.png${query}`, gives: 403 },
      {
        title: 'a denied file, with a bad query',
        target: '/src/denied.png?magnific=3x',
        gives: 'our refusal',
      },
      { title: 'a denied file, ?url', target: `/src/denied.png${query}&url`, gives: 403 },
      {
        title: 'a text outside that is called a picture',
        target: `/@fs/{outside}/secret.txt?.svg?magnific&.wasm?init`,
        gives: 'any refusal',
      },
      {
        title: 'a text outside, ?raw??',
        target: `/@fs/{outside}/secret.txt?magnific&raw??`,
        gives: 'any refusal',
      },
      {
        title: 'a text outside after a ?',
        target: `/@fs/{root}/?/../../{outside-name}/secret.txt?import&magnific&?raw`,
        gives: 'any refusal',
      },
    ],
  },
  {
    title: 'hands module requests on, which show nothing more:',
    rows: [
      { title: 'the module', target: `${hero}?import&magnific=2x`, gives: 200 },
      { title: 'the module, by another order', target: `${hero}?magnific=2x&import`, gives: 200 },
      {
        title: 'the module with a time',
        target: `${hero}?import&t=1700000000000&magnific=2x`,
        gives: 200,
      },
      ...[
        'magnific=2x&import=',
        'magnific=2x&import=1',
        'magnific=2x&import&import',
        'magnific=2x&im%70ort',
        'im%70ort&magnific=2x',
        'magnific=2x&import&IMPORT',
        'magnific=2x&&import&&',
        'magnific=2x&import&url',
        'magnific=2x&import&inline',
        'magnific=2x&import&raw',
        'magnific=2x&import&raw??',
        'magnific=2x&import&worker',
        'magnific=2x&import&__proto__',
        'magnific=3x&import',
        'magnific=2x%00&import',
        'magnific=2x&prompt=%ff&import',
        'import&?magnific=2x',
        'html-proxy&inline-css&index=0.css&import&magnific=2x',
        `magnific=2x&import&prompt=${'a'.repeat(12_000)}`,
      ].map((search): Row => ({
        title: search.slice(0, 60),
        target: `${hero}?${search}`,
        gives: 'a module or an error',
      })),
      ...[
        '/@fs/{outside}/secret.png',
        '/src/%2e%2e/%2e%2e/{outside-name}/secret.png',
        '/src/..%2f..%2f{outside-name}/secret.png',
        '/@id/{outside}/secret.png',
        '/@id/@fs/{outside}/secret.png',
        '/src/link-out.png',
        '/src/link-folder/secret.png',
        '/src/denied.png',
        '/src/link-denied.png',
        '/src/.env.png',
        '/src/private/diary.png',
        '/src/.git/secret.png',
      ].flatMap((path): Row[] =>
        ['import&magnific=2x', 'magnific=2x&inline&import', 'import&magnific=2x&url'].map(
          (search): Row => ({
            title: `${path}?${search}`,
            target: `${path}?${search}`,
            gives: 'an error',
          }),
        ),
      ),
    ],
  },
  {
    title: 'leaves to Vite, or answers,',
    rows: [
      '/src/bomb.png?import&magnific=2x',
      '/src/bomb.png?magnific=2x&inline&import',
      '/src/bomb.png?import&magnific=2x&url',
      `${hero}${query}&url`,
      `${hero}?inline&magnific=2x`,
      `${hero}?no-inline&magnific=2x`,
      `/src/style.css${query}`,
      `/src/main.js${query}`,
      '/src/main.js?html-proxy&index=0.js&magnific=2x',
      '/index.html?html-proxy&inline-css&index=0.css&magnific=2x',
      '/index.html?magnific=2x',
      '/?magnific=2x',
      '/@vite/client?magnific=2x',
      '/@vite/env?magnific=2x&import',
      '/node_modules/.vite/hero.png?magnific=2x',
      '/__open-in-editor?file=/src/hero.png&magnific=2x',
    ].map((target): Row => ({ title: target, target, gives: 'a module or an error' })),
  },
  {
    title: 'to other methods says',
    rows: [
      { title: '405 to POST', method: 'POST', target: good, gives: 405, body: 'x=1' },
      {
        title: '405 to an empty POST',
        method: 'POST',
        target: good,
        gives: 405,
        headers: { 'content-length': '0' },
      },
      { title: '405 to PUT', method: 'PUT', target: good, gives: 405, body: 'x' },
      { title: '405 to DELETE', method: 'DELETE', target: good, gives: 405 },
      { title: '405 to PATCH', method: 'PATCH', target: good, gives: 405, body: 'x' },
      { title: 'no harm to OPTIONS', method: 'OPTIONS', target: good, gives: 'no harm' },
      {
        title: 'no harm to the OPTIONS of a stranger',
        method: 'OPTIONS',
        target: good,
        gives: 'no harm',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'PUT' },
      },
      { title: '400 to what is none', method: 'UPSCALE', target: good, gives: 400 },
      {
        title: 'the picture to a GET with a body',
        target: good,
        gives: 200,
        size: [16, 12],
        body: 'x=1',
      },
    ],
  },
  {
    title: 'of hosts and protocols',
    rows: [
      {
        title: 'refuses a strange host',
        target: good,
        gives: 403,
        headers: { host: 'evil.example' },
      },
      {
        title: 'refuses a strange host with a port',
        target: good,
        gives: 403,
        headers: { host: 'evil.example:5173' },
      },
      {
        title: 'takes localhost',
        target: good,
        gives: 200,
        size: [16, 12],
        headers: { host: 'localhost' },
      },
      { title: 'refuses none in HTTP/1.1', target: good, gives: 400, headers: { host: '' } },
      { title: 'takes HTTP/1.0', target: good, gives: 200, size: [16, 12], version: '1.0' },
      { title: 'refuses HTTP/3.0', target: good, gives: 'any refusal', version: '3.0' },
    ],
  },
  {
    title: 'of ranges',
    rows: [
      { title: 'gives the first bytes', target: good, gives: 206, headers: { range: 'bytes=0-9' } },
      { title: 'gives the last bytes', target: good, gives: 206, headers: { range: 'bytes=-5' } },
      { title: 'gives the rest', target: good, gives: 206, headers: { range: 'bytes=5-' } },
      {
        title: 'gives what there is of more',
        target: good,
        gives: 206,
        headers: { range: 'bytes=0-999999' },
      },
      {
        title: 'refuses what is beyond the end',
        target: good,
        gives: 416,
        headers: { range: 'bytes=999999-' },
      },
      { title: 'refuses the last none', target: good, gives: 416, headers: { range: 'bytes=-0' } },
      {
        title: 'is not confused by a large number',
        target: good,
        gives: 'no harm',
        headers: { range: `bytes=${'9'.repeat(400)}-` },
      },
      {
        title: 'is not confused by one backwards',
        target: good,
        gives: 'no harm',
        headers: { range: 'bytes=5-2' },
      },
      {
        title: 'is not confused by several',
        target: good,
        gives: 'no harm',
        headers: { range: 'bytes=0-0,2-3' },
      },
      {
        title: 'is not confused by 1,000',
        target: good,
        gives: 'no harm',
        headers: { range: `bytes=${'0-,'.repeat(1000)}0-` },
      },
      {
        title: 'is not confused by another unit',
        target: good,
        gives: 'no harm',
        headers: { range: 'pages=1-2' },
      },
      {
        title: 'is not confused by nonsense',
        target: good,
        gives: 'no harm',
        headers: { range: 'bytes=a-b' },
      },
      {
        title: 'is not confused by nothing',
        target: good,
        gives: 'no harm',
        headers: { range: 'bytes=' },
      },
      {
        title: 'gives it all where the picture has changed',
        target: good,
        gives: 200,
        size: [16, 12],
        headers: { range: 'bytes=0-9', 'if-range': '"another"' },
      },
    ],
  },
]

describe.each(viteVersions)('%s', (host) => {
  const vite = vites[host]
  const { onEnd, end } = createEnds()
  let folders: GuardedProject
  let emulator: Emulator
  let server: DevServer

  beforeAll(async () => {
    folders = await makeGuardedProject(onEnd)
    emulator = await startEmulator({}, onEnd)
    server = await startDevServer(
      vite,
      folders.project,
      { ...optionsFor(emulator), apiKey: canary, presets: { nice: { magnific: '4x' } } },
      {
        server: {
          fs: { allow: [folders.project.dir, folders.allowed.dir], deny: deniedFiles },
        },
      },
      onEnd,
    )
  })

  afterAll(end)

  const send = async (
    target: string,
    request: Omit<RawRequest, 'target'> = {},
  ): Promise<RawAnswer> => sendRaw(server.port, { target, ...request })

  /** The server lives, and nothing was spent. */
  const expectWell = async (): Promise<void> => {
    const { status, body } = await send(good)
    expect(status).toBe(200)
    expect(await describeImage(body)).toEqual({ format: 'png', width: 16, height: 12 })
    expect(postsTo(emulator)).toBe(0)
  }

  const fillIn = (target: string | Buffer): string | Buffer =>
    typeof target === 'string'
      ? target
          .replaceAll('{root}', folders.project.dir)
          .replaceAll('{outside-name}', folders.outside.dir.split('/').at(-1) ?? '')
          .replaceAll('{outside}', folders.outside.dir)
          .replaceAll('{allowed}', folders.allowed.dir)
          .replaceAll('/@fs//', '/@fs/')
      : target

  const expectRow = async ({ target, gives, size, says, ...request }: Row): Promise<void> => {
    const answer = await sendRaw(server.port, { ...request, target: fillIn(target) })
    const { status, headers, body } = answer
    const said = `${status} ${body.toString('utf8', 0, 300)}`
    await expectNoSecret(answer)
    if (typeof gives === 'number') expect(status, said).toBe(gives)
    else if (!/error/.test(gives)) expect(status, said).toBeLessThan(500)
    if (/refusal|^an error/.test(String(gives))) expect(status, said).toBeGreaterThanOrEqual(400)
    if (gives === 'our refusal') {
      expect(headers['content-type']).toMatch(/^text\/plain/)
      expect(body.length).toBeGreaterThan(10)
    }
    if (says !== undefined) expect(said).toContain(says)
    const image = await describeImage(body.length === 0 ? Buffer.alloc(1) : body).catch(() => {})
    if (size) expect(image).toMatchObject({ width: size[0], height: size[1] })
    // The original in place of the upscaled picture would be wrong in silence.
    else expect(image?.width).not.toBe(60)
    await expectWell()
  }

  // Not by `each`, which shortens titles.
  for (const { title: group, rows } of groups) {
    describe(group, () => {
      for (const row of rows) it(row.title, async () => expectRow(row))
    })
  }

  it('answers HEAD like GET, without the picture', async () => {
    const [head, get] = await Promise.all([send(good, { method: 'HEAD' }), send(good)])
    expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    for (const name of ['content-type', 'content-length', 'etag', 'cache-control'])
      expect(head.headers[name], name).toBe(get.headers[name])
    expect(get.headers['content-type']).toBe('image/png')
    expect(get.headers['cache-control']).toBe('no-cache')
    expect(Number(get.headers['content-length'])).toBe(get.body.length)
    const refused = await send(`${hero}?magnific=3x`, { method: 'HEAD' })
    expect(refused).toMatchObject({ status: 400, body: Buffer.alloc(0) })
  })

  it('says 404 of what is not there, 400 of what it does not understand', async () => {
    const statuses = await Promise.all(
      [
        `/src/nothing.png${query}`,
        `${hero}?magnific=3x`,
        `/src%2fhero.png${query}`,
        `/src/hero%00.png${query}`,
        `/src/100%.png${query}`,
      ].map(async (target) => (await send(target)).status),
    )
    expect(statuses).toEqual([404, 400, 400, 400, 400])
  })

  it('gives the very bytes of a range', async () => {
    const { body } = await send(good)
    const range = async (value: string): Promise<RawAnswer> =>
      send(good, { headers: { range: value } })
    const [first, last, rest] = await Promise.all(['bytes=1-9', 'bytes=-5', 'bytes=5-'].map(range))
    expect(first?.body).toEqual(body.subarray(1, 10))
    expect(first?.headers['content-range']).toBe(`bytes 1-9/${body.length}`)
    expect(last?.body).toEqual(body.subarray(-5))
    expect(rest?.body).toEqual(body.subarray(5))
    const beyond = await range(`bytes=${body.length}-`)
    expect(beyond).toMatchObject({ status: 416 })
    expect(beyond.headers['content-range']).toBe(`bytes */${body.length}`)
  })

  it('says 304 to whoever has the picture', async () => {
    const { etag } = (await send(good)).headers
    expect(etag).toMatch(/^(?:W\/)?"[^"]+"$/)
    const ask = async (value: string): Promise<RawAnswer> =>
      send(good, { headers: { 'if-none-match': value } })
    for (const value of [etag, `"other", ${etag}`, '*', `W/${etag.replace('W/', '')}`]) {
      const answer = await ask(value)
      expect(answer, value).toMatchObject({ status: 304, body: Buffer.alloc(0) })
      expect(answer.headers['etag']).toBe(etag)
    }
    for (const value of ['"other"', 'nonsense', '""', `${'"a",'.repeat(2000)}"b"`])
      expect((await ask(value)).status, value.slice(0, 20)).toBe(200)
    const other = await send('/src/tiny.png?magnific=4x')
    expect(other.headers['etag']).not.toBe(etag)
  })

  it('gives every picture of another look another tag', async () => {
    const file = folders.project.path('src/edited.png')
    const tags: (string | undefined)[] = []
    for (const seed of [31, 32]) {
      await drawNoise({ width: 8, height: 6, seed }).toFile(file)
      tags.push((await send(`/src/edited.png${query}`)).headers['etag'])
    }
    expect(tags[0]).toBeDefined()
    expect(tags[1]).not.toBe(tags[0])
  })

  it('tells other sites nothing by its headers', async () => {
    const { headers } = await send(good, { headers: { origin: 'https://evil.example' } })
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('refuses other sites what no module refers to', async () => {
    const fromAfar = { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } }
    const target = `/src/unrelated.png${query}`
    const refused = await send(target, fromAfar)
    expect(refused.status).toBe(403)
    expect(refused.headers['content-type']).toMatch(/^text\/plain/)
    expect((await send(`${hero}?magnific=8x`, fromAfar)).status).toBe(403)
    for (const site of ['same-origin', 'none'])
      expect((await send(target, { headers: { 'sec-fetch-site': site } })).status).toBe(200)
    // Also after somebody else has seen it.
    expect((await send(target, fromAfar)).status).toBe(403)

    expect((await send('/src/main.js')).status).toBe(200)
    expect((await send(`${hero}${query}`, fromAfar)).status).toBe(200)
    expect((await send(`${hero}?magnific=8x`, fromAfar)).status).toBe(403)
    await expectWell()
  })

  it('answers requests of one connection in their order', async () => {
    const connection = connectRaw(server.port)
    const targets = [
      good,
      `${hero}?magnific=3x`,
      `${hero}${query}`,
      `/src/nothing.png${query}`,
      good,
    ]
    connection.write(
      Buffer.concat(targets.map((target) => renderRawRequest(server.port, { target }))),
    )
    const answers: RawAnswer[] = []
    for (let index = 0; index < targets.length; index++) answers.push(await connection.read())
    connection.close()
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200, 404, 200])
    expect(await describeImage(answers[2].body)).toMatchObject({ width: 120, height: 80 })
    expect(answers[4].body).toEqual(answers[0].body)
  })

  it('does not take what follows a body for a request', async () => {
    const connection = connectRaw(server.port)
    const smuggled = `GET ${hero}?magnific=16x HTTP/1.1\r\nhost: a\r\n\r\n`
    connection.write(
      Buffer.concat([
        renderRawRequest(server.port, { method: 'POST', target: good, body: smuggled }),
        renderRawRequest(server.port, { target: good }),
      ]),
    )
    expect((await connection.read()).status).toBe(405)
    const { status, body } = await connection.read()
    connection.close()
    expect(status).toBe(200)
    expect(await describeImage(body)).toMatchObject({ width: 16 })
  })

  it('outlives clients that go away', async () => {
    const request = renderRawRequest(server.port, { target: `/src/photo.jpg?magnific=16x` })
    for (const sent of [1, 20, request.length - 1, request.length]) {
      const connection = connectRaw(server.port)
      await once(connection.socket, 'connect')
      connection.socket.write(request.subarray(0, sent))
      connection.close()
      await once(connection.socket, 'close')
    }
    const early = connectRaw(server.port)
    early.write(request)
    await once(early.socket, 'readable')
    early.close()
    await expectWell()
  })

  /** What 24 clients cost that go away at once, in pictures that are made for one that stays. */
  const leaveAtOnce = async (round: number): Promise<number> => {
    const names = Array.from({ length: 25 }, (_, index) => `src/gone-${round}-${index}.png`)
    // Bytes that differ, so that no two are one preview, and that are quickly made.
    const plain = makeBombPng(2500, 2500)
    for (const [index, name] of names.entries())
      folders.project.write(name, Buffer.concat([plain, Buffer.from([round, index])]))
    const spent = async (work: () => Promise<void>): Promise<number> => {
      const before = process.cpuUsage()
      await work()
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    const ofOne = await spent(async () => {
      expect((await send(`/${names.pop()}${query}`)).status).toBe(200)
    })
    const ofAborted = await spent(async () => {
      let seen = 0
      const http = server.vite.httpServer!
      const count = (): void => void seen++
      http.on('request', count)
      const connections = names.map((name) => {
        const connection = connectRaw(server.port)
        connection.write(renderRawRequest(server.port, { target: `/${name}${query}` }))
        return connection
      })
      while (seen < names.length) await once(http, 'request')
      http.off('request', count)
      for (const { socket, close } of connections) {
        const closed = once(socket, 'close')
        close()
        await closed
      }
      await expectWell()
      // Behind whatever still waits for its turn.
      expect((await send(`/src/unrelated.png?magnific=4x`)).status).toBe(200)
    })
    return ofAborted / ofOne
  }

  it('makes no picture for clients that have gone away', async () => {
    let least = Number.POSITIVE_INFINITY
    // What else this process does at the moment counts as well, and only ever adds to it.
    for (let round = 0; round < 3 && least >= 8; round++) {
      least = Math.min(least, await leaveAtOnce(round))
    }
    expect(least).toBeLessThan(8)
  })

  it('answers a crowd, or asks some to come later', async () => {
    const scales = ['2x', '4x', '8x', '16x']
    const names = ['hero', 'tiny', 'unrelated', 'sharp%231', 'a%20picture', 'really-a-jpeg']
    const targets = scales.flatMap((scale) =>
      names.flatMap((name) =>
        Array.from({ length: 4 }, () => `/src/${name}.png?magnific=${scale}`),
      ),
    )
    const statuses = await Promise.all(targets.map(async (target) => (await send(target)).status))
    expect(statuses).toContain(200)
    expect(statuses.filter((status) => ![200, 429, 503].includes(status))).toEqual([])
    await expectWell()
  })

  it('refuses a bomb without lighting it', async () => {
    const before = process.cpuUsage()
    expect((await send(`/src/bomb.png${query}`)).status).toBeGreaterThanOrEqual(400)
    const { user, system } = process.cpuUsage(before)
    // Its 256 megapixels take a second at least.
    expect((user + system) / 1000).toBeLessThan(400)
  })

  it('does not wait for a pipe', async () => {
    execFileSync('sh', ['-c', 'mkfifo "$0"', folders.project.path('src/pipe.png')])
    expect((await send(`/src/pipe.png${query}`)).status).toBeGreaterThanOrEqual(400)
    expect((await send(`/src/pipe.png?import&magnific=2x`)).status).toBeGreaterThanOrEqual(400)
    await expectWell()
  })

  it('has made nothing of what it may not read', async () => {
    const pictures = readdirSync(folders.project.dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.parentPath.includes('.magnific'))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    for (const picture of pictures) await expectNoSecretPixel(picture)
    expect(postsTo(emulator)).toBe(0)
  })
})

describe.each(viteVersions)('%s below a base', (host) => {
  const vite = vites[host]
  it('answers below it, and nowhere else', async () => {
    const folders = await makeGuardedProject(onTestFinished)
    const emulator = await startEmulator()
    const server = await startDevServer(vite, folders.project, optionsFor(emulator), {
      base: '/app/',
    })
    const status = async (target: string): Promise<number> =>
      (await sendRaw(server.port, { target })).status
    const { body } = await sendRaw(server.port, { target: `/app${hero}${query}` })
    expect(await describeImage(body)).toMatchObject({ width: 120, height: 80 })
    expect(await status(`/app/@fs/${folders.project.dir}${hero}${query}`)).toBe(200)
    expect(await status(`/app/@fs/${folders.outside.dir}/secret.png${query}`)).toBe(403)
    for (const target of [
      `${hero}${query}`,
      `/App${hero}${query}`,
      `/app${query}`,
      `/ap/p${hero}${query}`,
    ]) {
      const answer = await sendRaw(server.port, { target })
      expect(answer.status, target).not.toBe(500)
      const image = await describeImage(Buffer.concat([answer.body, Buffer.alloc(1)])).catch(
        () => {},
      )
      expect(image, target).toBeUndefined()
    }
    for (const target of [
      `/app/..${hero}${query}`,
      `/app/%2e%2e/app${hero}${query}`,
      `/app//app${hero}${query}`,
    ])
      expect(await status(target), target).not.toBe(500)
    expect(postsTo(emulator)).toBe(0)
  })
})
