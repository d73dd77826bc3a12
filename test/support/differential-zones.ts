/** Zones in which every case of the authoritative algorithm occurs, for comparing servers. */

/** A parent with delegations of all kinds, wildcards, empty non-terminals and aliases. */
export const parentZone = `
$ORIGIN example.
$TTL 3600
@        SOA ns1 hostmaster 1 7200 3600 1209600 300
         NS  ns1
         NS  ns2.example.
         NS  ns.other.test.
         MX  10 mail
         MX  20 mail.signed
         TXT "apex" "two strings"
         CAA 0 issue "ca.example"
ns1      A 192.0.2.1
         AAAA 2001:db8::1
ns2      A 192.0.2.2
mail     A 192.0.2.3
www      A 192.0.2.4
         A 192.0.2.5
         300 AAAA 2001:db8::4
alias    CNAME www
alias2   CNAME alias
dangling CNAME nothing
outside  CNAME www.other.test.
deep     CNAME host.below.sub
towild   CNAME some.wild
loop1    CNAME loop2
loop2    CNAME loop1
tochild  CNAME www.signed
; empty non-terminals
a.b.c.ent  A 192.0.2.10
_sip._tcp  SRV 0 5 5060 www
           SRV 1 5 5060 alias
_443._tcp.svc SVCB 1 . port=443
svc      HTTPS 1 . alpn=h2
         A 192.0.2.11
svc2     HTTPS 0 www.example.
; wildcards
*.wild   A 192.0.2.20
         TXT "wild"
*.wild   MX 10 mail
exact.wild TXT "no address"
under.ent2.wild A 192.0.2.21
*.cwild  CNAME www
*.xwild  CNAME nothing.at.all
sub.*.odd A 192.0.2.22
*.odd    TXT "odd"
; delegations
sub      NS ns.sub
         NS ns.below.sub
         NS ns1
ns.sub   A 192.0.2.30
ns.below.sub AAAA 2001:db8::30
signed   NS ns.signed
         NS ns1
         DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000001
ns.signed A 192.0.2.31
outer    NS ns.other.test.
cut.ent3 NS ns.cut.ent3
ns.cut.ent3 A 192.0.2.32
child    NS ns1
; redirection
dn       DNAME other
         A 192.0.2.40
x.other  A 192.0.2.41
*.w.other TXT "wild below a DNAME target"
dnout    DNAME other.test.
dnloop   DNAME x.dnloop2
dnlong   DNAME ${'a123456789012345678901234567890123456789.'.repeat(5)}example.
tod      CNAME x.dn
srv0     SRV 0 0 0 .
ptr      PTR www
naptr    NAPTR 100 10 "u" "sip" "!^.*$!sip:a@example!" .
rp       RP hostmaster txt.rp
afs      AFSDB 1 www
unknown  TYPE65280 \\# 4 0A000001
`;

/** A child of the parent that the same server has. */
export const childZone = `
$ORIGIN child.example.
$TTL 600
@     SOA ns1.example. hostmaster 1 7200 3600 1209600 60
      NS  ns1.example.
      NS  ns
ns    A   192.0.2.50
www   A   192.0.2.51
up    CNAME www.example.
cross CNAME nothing.other.test.
*     TXT "apex wildcard"
deep.er.name A 192.0.2.52
`;

/** Names that need care, next to those a zone has. */
export const extraNames = [
  'x.dn.example.',
  'y.dn.example.',
  'a.w.dn.example.',
  'www.dnout.example.',
  'q.dnloop.example.',
  `${'b123456789012345678901234567890123456789.'.repeat(2)}dnlong.example.`,
  'short.dnlong.example.',
  'WWW.Example.',
  'com.',
  'other.test.',
  '.',
] as const;
