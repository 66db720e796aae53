import { generateKeyPairSync, sign } from 'node:crypto'

/** What a server of TLS needs, in PEM. */
export interface Certificate {
  key: string
  cert: string
}

/** A certificate for loopback that nobody has signed but itself. */
export function makeCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = tag(0x30, tag(0x06, '2a8648ce3d040302'))
  const commonName = tag(0x30, tag(0x06, '550403'), tag(0x0c, Buffer.from('localhost')))
  const name = tag(0x30, tag(0x31, commonName))
  const time = (year: number): Buffer => tag(0x17, Buffer.from(`${year % 100}0101000000Z`))
  const thisYear = new Date().getFullYear()
  const names = tag(0x30, tag(0x82, Buffer.from('localhost')), tag(0x87, '7f000001'))
  const alternativeNames = tag(0x30, tag(0x06, '551d11'), tag(0x04, names))
  const signed = tag(
    0x30,
    tag(0xa0, tag(0x02, '02')),
    tag(0x02, '01'),
    ecdsaWithSha256,
    name,
    tag(0x30, time(thisYear - 1), time(thisYear + 2)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, tag(0x30, alternativeNames)),
  )
  const signature = sign('sha256', signed, privateKey)
  const der = tag(0x30, signed, ecdsaWithSha256, tag(0x03, '00', signature))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return {
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
  }
}

/** A value of DER. @param parts bytes, or their hexadecimal digits */
function tag(type: number, ...parts: (Buffer | string)[]): Buffer {
  const value = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)),
  )
  const { length } = value
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([type, ...size]), value])
}
