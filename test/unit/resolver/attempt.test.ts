import { describe, expect, it } from 'vitest';
import { ServerState } from '../../../src/cache/server-state.js';
import {
  byTcp,
  firstAttempt,
  insteadOfTcp,
  noteEdns,
  queryOf,
  withoutEdns,
} from '../../../src/resolver/attempt.js';
import { asking } from '../../support/responses.js';

const server = { address: '192.0.2.1', port: 53, name: undefined };
const state = () => new ServerState(server.address, 0);
const options = { forward: false, validating: true };

describe('attempts', () => {
  it('start with UDP, EDNS and random case', () => {
    expect(firstAttempt(server, state(), true)).toMatchObject({
      transport: 'udp',
      edns: true,
      randomCase: true,
    });
    expect(firstAttempt(server, state(), false).randomCase).toBe(false);
  });

  it('heed what is known of the server', () => {
    const broken = state();
    broken.caseBroken = true;
    broken.ednsOk = 'no';
    expect(firstAttempt(server, broken, true)).toMatchObject({ edns: false, randomCase: false });
  });

  it('go to TCP once, where the case need not be random', () => {
    const first = firstAttempt(server, state(), true);
    const tcp = byTcp(first)!;
    expect(tcp).toMatchObject({ transport: 'tcp', randomCase: false, edns: true });
    expect(byTcp(tcp)).toBeUndefined();
  });

  it('come back from TCP only when it was for the case', () => {
    const first = firstAttempt(server, state(), true);
    expect(insteadOfTcp(first)).toBeUndefined();
    expect(insteadOfTcp(byTcp(first)!)).toBeUndefined();
    const back = insteadOfTcp(byTcp(first, 'case')!)!;
    expect(back).toMatchObject({ transport: 'udp', randomCase: false });
    expect(insteadOfTcp(byTcp(back)!)).toBeUndefined();
  });

  it('go without EDNS once', () => {
    const plain = withoutEdns(firstAttempt(server, state(), true))!;
    expect(plain.edns).toBe(false);
    expect(withoutEdns(plain)).toBeUndefined();
  });

  it('become packets: DO when validating, RD and CD towards forwarders only', () => {
    const first = firstAttempt(server, state(), true);
    const question = asking('www.test.');
    expect(queryOf(first, question, 400, options)).toMatchObject({
      rd: false,
      cd: false,
      edns: { udpSize: 1232, do: true },
      timeoutMs: 400,
    });
    expect(queryOf(first, question, 400, { forward: true, validating: true })).toMatchObject({
      rd: true,
      cd: true,
    });
    expect(queryOf(first, question, 400, { forward: true, validating: false })).toMatchObject({
      rd: true,
      cd: false,
      edns: { do: false },
    });
    expect(queryOf(withoutEdns(first)!, question, 400, options).edns).toBeUndefined();
  });
});

describe('noteEdns', () => {
  it('needs two responses without EDNS to believe that a server has none', () => {
    const known = state();
    const plain = withoutEdns(firstAttempt(server, known, true))!;
    noteEdns(known, plain, false);
    expect(known.ednsOk).toBe('unknown');
    noteEdns(known, plain, false);
    expect(known.ednsOk).toBe('no');
  });

  it('a response with OPT in between starts the count anew', () => {
    const known = state();
    const first = firstAttempt(server, known, true);
    noteEdns(known, withoutEdns(first)!, false);
    noteEdns(known, first, true);
    expect(known.ednsOk).toBe('yes');
    noteEdns(known, withoutEdns(first)!, false);
    expect(known.ednsOk).toBe('yes');
  });
});
