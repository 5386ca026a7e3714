/** Which names a sender has by its certificate. */
import type { TLSSocket } from 'node:tls';

/** Names in the certificate of a sender that one of the client authorities has signed: common name, DNS names, URIs, mail addresses. */
export function certificateNames(socket: TLSSocket): readonly string[] | undefined {
  if (!socket.authorized) return undefined;
  const { subject, subjectaltname = '' } = socket.getPeerCertificate();
  const common = [subject?.CN ?? []].flat();
  // Names with a comma or a quote in them are written in quotes, and so equal nothing that a grant can have.
  const others = subjectaltname.split(', ').flatMap((name) => /^(?:DNS|URI|email):([^"]+)$/.exec(name)?.[1] ?? []);
  return [...common, ...others];
}
