#!/usr/bin/python3
"""Courier beside what people use today: fetches the corpora, runs everything interleaved, writes bench/RESULTS.md.

In each round of each corpus every program has its turn, one after the other: with the page cache dropped before it (as
root), and the sync of the file system after it, which counts. Courier's `package add`, `distribute` and `parcel create`
are one piece of work, as a pipeline of tar is. What receive spends reading the share back past the page cache is on a line
of its own: the peers do not do that. A peer that takes minutes has one round (--every-round: all of them).

    bench/compare.py COURIER CORPORA [--corpus native,small] [--rows first,receive] [--peers age,borg] [--rounds 3]

COURIER is the program of a release build, CORPORA the folder for bench/corpora (made where it is missing, 8 GB). Rows that
are measured again replace what bench/measured.json has of them; the table in RESULTS.md is made of that file.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import report
from peers import PEERS
from rows import PARTS
from sites import Courier

HERE = os.path.dirname(os.path.abspath(__file__))
CORPORA = ("native", "small", "packed", "image", "midsize")


class Notes:
    """What was measured of one corpus: name -> one value for each round."""

    def __init__(self, corpus):
        self.corpus, self.values = corpus, {}

    def __call__(self, name, value):
        self.values.setdefault(name, []).append(value)
        if "." in name and not name.endswith((".peak", ".growth")):
            print(f"{self.corpus} {name} {value:.2f}" if value < 1e5 else f"{self.corpus} {name} {value}", flush=True)


def one_round(courier, peers, parts, old, new):
    """Peers between Courier's own works, so that all of them see the same state of the machine."""
    def each(part, work):
        for peer in peers:
            if part in peer.works:
                work(peer)

    if "small" in parts:
        each("small", lambda peer: peer.first(old))
        courier.first(old, "small", "small")
    # What is received, and what an increment builds on, is packed first in any case.
    if set(parts) - {"small"}:
        each("first", lambda peer: peer.first(old))
        courier.first(old)
    if "next" in parts:
        courier.next_site()
    if "receive" in parts:
        each("receive", lambda peer: peer.back())
    if {"receive", "increment"} & set(parts):
        courier.receive(old)
    if "increment" in parts:
        each("increment", lambda peer: peer.increment(old, new))
        courier.increment(old, new, "small" in parts)


def measure_corpus(options, corpus, measured):
    old, new = (os.path.abspath(f"{options.corpora}/{corpus}/{version}") for version in ("v1", "v2"))
    folder = tempfile.mkdtemp(prefix="courier-compare-", dir=options.dir)
    notes = Notes(corpus)
    try:
        chosen = [peer for peer in PEERS if peer.name in options.peers]
        for number in range(options.rounds):
            print(f"{corpus}, round {number + 1} of {options.rounds}", flush=True)
            peers = [peer(folder, notes) for peer in chosen if number == 0 or options.every_round or not peer.once]
            one_round(Courier(os.path.abspath(options.courier), folder, notes), peers, options.rows, old, new)
            measured.setdefault(corpus, {}).update(notes.values)
            report.save(options.measured, measured)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def chosen_of(known):
    def parse(text):
        chosen = text.split(",")
        for word in chosen:
            if word not in known:
                raise argparse.ArgumentTypeError(f"{word} is none of {', '.join(known)}")
        return chosen
    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("courier")
    parser.add_argument("corpora", help="the folder that bench/corpora makes")
    names = [peer.name for peer in PEERS]
    parser.add_argument("--corpus", type=chosen_of(CORPORA), default=list(CORPORA))
    parser.add_argument("--rows", type=chosen_of(PARTS), default=list(PARTS), help=",".join(PARTS) + "; increment with small: at both levels")
    parser.add_argument("--peers", type=chosen_of(names), default=names, help=",".join(names))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every-round", action="store_true", help="the slow peers, too")
    parser.add_argument("--dir", help="a folder with 40 GB of space (default: the temporary one)")
    parser.add_argument("--measured", default=f"{HERE}/measured.json")
    options = parser.parse_args()
    subprocess.run([f"{HERE}/../scripts/setup", "bench"], check=True)
    missing = [corpus for corpus in options.corpus if not os.path.isdir(f"{options.corpora}/{corpus}/v2")]
    if missing:
        subprocess.run([f"{HERE}/corpora", options.corpora, *missing], check=True)
    measured = report.load(options.measured)
    for corpus in options.corpus:
        measure_corpus(options, corpus, measured)
    table = report.table(measured, CORPORA)
    print("\n" + table)
    report.write(f"{HERE}/RESULTS.md", table)


if __name__ == "__main__":
    sys.exit(main())
