import assert from "node:assert/strict";
import { test } from "node:test";
import { isReachable, type Reach } from "./reachable.ts";

const NOBODY: Reach = { local: false, registered: false };
const REGISTERED: Reach = { local: false, registered: true };
const LOCAL: Reach = { local: true, registered: false };
const ALL: Reach = { local: true, registered: true };
const HOST = "erp.example.com";

test("an address of the open internet may be reached", () => {
  for (const address of ["93.184.216.34", "8.8.8.8", "172.15.0.1", "2606:2800:220:1::1"])
    assert.equal(isReachable(HOST, address, NOBODY), true, address);
});

test("a private network may be reached only where the host is registered", () => {
  for (const address of [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "fd12::1",
  ]) {
    assert.equal(isReachable(HOST, address, NOBODY), false, address);
    assert.equal(isReachable(HOST, address, LOCAL), false, address);
    assert.equal(isReachable(HOST, address, REGISTERED), true, address);
  }
});

test("this machine may be reached only by its own name", () => {
  for (const address of ["127.0.0.1", "127.8.8.8", "::1"]) {
    assert.equal(isReachable(HOST, address, ALL), false, address);
    assert.equal(isReachable("localhost", address, NOBODY), false, address);
    assert.equal(isReachable("localhost", address, LOCAL), true, address);
    assert.equal(isReachable("localhost", address, REGISTERED), true, address);
  }
});

test("metadata, link-local and multicast addresses, and other writings of an address, are never reached", () => {
  for (const address of [
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.0.192",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "::ffff:a00:1",
    "::ffff:a9fe:a9fe",
    "::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "2001:0:a9fe::",
    "ff02::1",
    "2130706433",
    "0x7f000001",
    "localhost",
    "",
  ])
    for (const host of [HOST, "localhost", address])
      assert.equal(isReachable(host, address, ALL), false, `${host} ${address}`);
});
