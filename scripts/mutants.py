"""The bugs that scripts/simulate --mutants plants in a copy of the sources, to show that the simulator finds them.

A bug is a name, what is wrong with it, and a change of one place: the text of the sources, and what replaces it. All changes are
made at once, each under a switch, so that one build has them all: planted("NAME") is true in a run with that bug only.
"""

import shutil
import sys

ENGINE = "Sources/FirnEngine/"
STORE = "Sources/FirnStore/"
WINDOWS = "Sources/FirnWindows/"

# File, text, replacement. A text is in its file exactly once, and no two texts overlap.
CHANGES = [
    # The engine.
    (ENGINE + "Shard.swift", "if left == 0 || blockTick != now, let", 'if left == 0 || (blockTick != now && !planted("block-kept-over-tick")), let'),
    (ENGINE + "Space.swift", "guard tick < limit.load(ordering: .acquiring) else { return .closed }",
     'guard tick < limit.load(ordering: .acquiring) + (planted("limit-off-by-one") ? 1 : 0) || planted("limit-ignored") else { return .closed }'),
    (ENGINE + "Space.swift", "guard tick <= now else { return .full(untilTick: tick) }",
     'guard tick <= now || planted("future-ticks-used") else { return .full(untilTick: tick) }'),
    (ENGINE + "Space.swift", "let left = ((tick + 1) << sequenceBits) - base", 'let left = ((tick + (planted("run-past-tick") ? 2 : 1)) << sequenceBits) - base'),
    (ENGINE + "Space.swift", "let base = current >= begin ? current :", 'let base = current >= begin && !planted("cursor-reset-in-tick") ? current :'),
    (ENGINE + "Space.swift", "desired: base + take,", 'desired: base + (planted("cursor-one-short") ? take - 1 : take),'),
    (ENGINE + "Space.swift", "return (last + (layout.sequencesPerTick - 1)) >> sequenceBits",
     'return (last + (planted("begun-tick-given-back") ? 0 : layout.sequencesPerTick - 1)) >> sequenceBits'),
    (ENGINE + "Space.swift", "let last = cursor.exchange(Self.sealed, ordering: .acquiringAndReleasing)",
     'let last = planted("not-sealed") ? cursor.load(ordering: .relaxed) : cursor.exchange(Self.sealed, ordering: .acquiringAndReleasing)'),
    (ENGINE + "TickClock.swift", "unix.store(follows ? wall : ours, ordering: .relaxed)", 'unix.store(follows || planted("clock-set-back") ? wall : ours, ordering: .relaxed)'),
    (ENGINE + "Space.swift", "now < limit.load(ordering: .acquiring),", '(now < limit.load(ordering: .acquiring) || planted("limit-ignored-by-mint")),'),
    (ENGINE + "Space.swift", "desired: current + 1,", 'desired: planted("mint-gives-position-twice") ? current : current + 1,'),
    (ENGINE + "SharedMint.swift", "if slot.revision != revision.load(ordering: .acquiring) { refresh() }",
     'if slot.revision != revision.load(ordering: .acquiring), !planted("mint-keeps-old-space") { refresh() }'),
    (ENGINE + "TickSpan.swift", "instant >= begin && instant < end", 'instant >= begin && (instant < end || planted("tick-never-ends-for-mint"))'),
    # The renewer.
    (WINDOWS + "WindowRenewer.swift", "case .extend(let held, let limit):\n",
     'case .extend(let held, let limit):\n            if planted("window-used-before-stored") { places[index].space?.extend(limit: limit) }\n'),
    (WINDOWS + "WindowRenewer.swift", "firstTick: max(held.firstTick, notBefore),",
     'firstTick: planted("earlier-limit-ignored") ? notBefore : max(held.firstTick, notBefore),'),
    (WINDOWS + "WindowRenewer.swift", "if !mayRest, places[index].keeper.isResting {", 'if !mayRest, places[index].keeper.isResting, !planted("rest-never-ends") {'),
    (WINDOWS + "WindowRenewer.swift", "guard let error = claims.journal?.setBackError else { return }",
     'guard let error = claims.journal?.setBackError, !planted("other-workers-left-open") else { return }'),
    (WINDOWS + "WindowRenewer.swift", "        storeSetBack?()\n        for index", '        if !planted("values-dropped-late") { storeSetBack?() }\n        for index'),
    (WINDOWS + "WindowRenewer.swift", "return places[index].keeper.holdAnswered(claims.reconcile(held), now: clock.now().tick)",
     'return places[index].keeper.holdAnswered(planted("read-back-not-done") ? .holding(HeldWorker(worker: held.worker, generation: held.generation, version: held.version, firstTick: held.firstTick, limit: held.limit + claims.windowTicks)) : claims.reconcile(held), now: clock.now().tick)'),
    (WINDOWS + "WindowRenewer.swift", "claims.journal?.granted(held)\n            remember()",
     'if !planted("grants-not-recorded") { claims.journal?.granted(held) }\n            if !planted("grants-not-persisted") { remember() }'),
    # The keeper.
    (STORE + "Windows/WindowKeeper+Answers.swift", "case .lost:\n            return lose(held)", 'case .lost:\n            return planted("loss-not-noticed") ? notExtended(held, now: now) : lose(held)'),
    (STORE + "Windows/WindowKeeper+Answers.swift", "case .setBack(let error):\n            return lose(held, error)",
     'case .setBack(let error):\n            return planted("set-back-ignored") ? notExtended(held, now: now) : lose(held, error)'),
    (STORE + "Windows/WindowKeeper+Answers.swift", "case .lost:\n            // The write never arrived, or another daemon was first.",
     'case .lost where planted("lost-claim-opened"):\n            return open(attempt)\n        case .lost:\n            // The write never arrived, or another daemon was first.'),
    (STORE + "RetryDelay.swift", "if delay < maximumTicks { failures += 1 }", 'if planted("retry-never") { return UInt64.max / 4 }\n        if delay < maximumTicks { failures += 1 }'),
    # Claims.
    (STORE + "Workers/WorkerClaims.swift", "record.freeFrom <= nowTick", 'record.freeFrom <= nowTick || planted("taken-worker-claimed")'),
    (STORE + "Workers/WorkerClaims.swift", "max(nowTick, notBefore, previous?.freeFrom ?? 0)",
     'planted("taken-worker-claimed") ? max(nowTick, notBefore) : max(nowTick, notBefore, previous?.freeFrom ?? 0)'),
    (STORE + "Workers/WorkerClaims+Claim.swift", "generation: (previous?.record.generation ?? 0) + 1,",
     'generation: (previous?.record.generation ?? 0) + (previous != nil && planted("generation-not-raised") ? 0 : 1),'),
    (STORE + "Workers/WorkerClaims+Claim.swift", "ifVersion: previous?.version,\n                ifValue: previous?.record.text",
     'ifVersion: planted("claim-without-comparison") ? try store.read(WorkerRecord.key(worker))?.version : previous?.version,\n                ifValue: planted("claim-without-comparison") ? nil : previous?.record.text'),
    (STORE + "Workers/WorkerClaims+Claim.swift", "case .conflict:\n                return .conflict",
     'case .conflict:\n                if planted("claim-conflict-ignored") { return .ended(.claimed(held.following(record, version: 1))) }\n                return .conflict'),
    (STORE + "Workers/WorkerClaims+Claim.swift", "if let floor = try verifiedFloor(), floor.limit.tick > firstTick {",
     'if !planted("floor-read-once"), let floor = try verifiedFloor(), floor.limit.tick > firstTick {'),
    (STORE + "Workers/WorkerClaims+Claim.swift", "guard error.leavesDoubt else { throw error }\n            held.doubt(write: record.writeToken, after: repairs)",
     'guard error.leavesDoubt else { throw error }\n            if planted("claim-doubt-ignored") { return .ended(.claimed(held.following(record, version: 1))) }\n            held.doubt(write: record.writeToken, after: repairs)'),
    (STORE + "Workers/WorkerClaims+Hold.swift", "// An earlier write of this daemon, which got no answer, may have arrived since.",
     'if planted("conflict-ignored") { return .holding(held.following(record, version: held.version + 1)) }'),
    (STORE + "Workers/WorkerClaims+Hold.swift", "var doubtful = held\n",
     'if planted("lost-answer-taken-for-success") { return .holding(held.following(record, version: held.version + 1)) }\n            var doubtful = held\n'),
    (STORE + "Workers/WorkerClaims+Hold.swift", "let limit = max(held.firstTick, firstUnusedTick)",
     'let limit = planted("too-much-given-back") ? max(held.firstTick, firstUnusedTick - min(firstUnusedTick, 2)) : max(held.firstTick, firstUnusedTick)'),
    (STORE + "Workers/HeldWorker.swift", "guard record.generation == generation, record.holder.instance == holder.instance else { return false }",
     'if planted("any-holder-is-me") { return true }\n        guard record.generation == generation, record.holder.instance == holder.instance else { return false }'),
    # The journal.
    (STORE + "Workers/WorkerClaims.swift", "if let journal { try journal.verify(store) } else { try FloorRecord.read(store) }",
     'if let journal, !planted("journal-not-asked") { try journal.verify(store) } else { try FloorRecord.read(store) }'),
    (STORE + "Grants/GrantJournal.swift", "guard version <= began.version else { return }", 'guard version <= began.version, !planted("written-version-not-compared") else { return }'),
    (STORE + "Grants/GrantJournal+State.swift", "version = grant.version\n            newest = grant.newest",
     'version = planted("version-forgotten-at-restart") ? 0 : grant.version\n            newest = grant.newest'),
    (STORE + "Grants/GrantJournal+Verification.swift", "let others = known.isVerified ? [] :",
     'let others = known.isVerified || planted("version-forgotten-at-restart") ? [] :'),
    (STORE + "Grants/GrantJournal+Verification.swift", "if case .wasSetBack(let error)? = known.notice { throw error }",
     'if case .wasSetBack(let error)? = known.notice {\n            guard planted("set-back-forgotten") else { throw error }\n            state.withLock { $0.notice = nil }\n        }'),
    (STORE + "Grants/GrantJournal+Verification.swift", "if identity != storeID { throw", 'if identity != storeID, !planted("other-store-accepted") { throw'),
    (STORE + "Grants/GrantJournal+Verification.swift", "if newest < max(known.version, own.first?.version ?? 0, seen) {",
     'if newest < max(known.version, own.first?.version ?? 0, seen), !planted("highest-version-not-compared"), !planted("other-store-accepted") {'),
    (STORE + "Grants/GrantJournal+Verification.swift", "if case .isAnother? = state.notice { state.notice = nil }\n        }\n        for grant in own",
     'if case .isAnother? = state.notice, !planted("right-store-never-found") { state.notice = nil }\n        }\n        for grant in own'),
    (STORE + "Grants/GrantJournal+Verification.swift", "if let error = try mismatch(grant, store) { throw evidence(error, known) }", 'if let error = try mismatch(grant, store), !planted("grant-not-compared") { throw evidence(error, known) }'),
    # Leases.
    (STORE + "Leases/WorkerLeases.swift", "guard present.generation == lease.generation, present.holder.instance == lease.instance else {",
     'guard present.generation == lease.generation && present.holder.instance == lease.instance || planted("lease-of-others-extended") else {'),
    (STORE + "Leases/WorkerLeases.swift", "guard known.contains(present.writeToken), !present.isGivenBack else { return .lost(to: present) }",
     'guard known.contains(present.writeToken) && !present.isGivenBack || planted("lease-of-others-extended") else { return .lost(to: present) }'),
    (STORE + "Leases/LeasedWorkers.swift", "} catch {\n            return .inDoubt(held, error)\n        }",
     '} catch {\n            if planted("lease-extended-without-answer") { var lease = held.lease; lease.limit += windowTicks; return .holding(held.following(lease)) }\n            return .inDoubt(held, error)\n        }'),
    # Sequences.
    (STORE + "Sequences/SequenceClaims+Reservations.swift", "// Another write was first: possibly an earlier one of this daemon.",
     'if planted("sequence-conflict-ignored") { return .taken(SequenceBlock(name: name, values: block.values, record: block.record, version: 1)) }'),
    (STORE + "Sequences/SequenceClaims+Reservations.swift", "guard error.leavesDoubt else { return .failed(error, nil) }",
     'guard error.leavesDoubt else { return .failed(error, nil) }\n                if planted("sequence-answer-assumed") { return .taken(SequenceBlock(name: name, values: block.values, record: block.record, version: 1)) }'),
    (STORE + "Sequences/SequenceClaims+Reservations.swift", "record.reserved = values.last\n",
     'record.reserved = planted("sequence-reserves-one-less") ? max(present.reserved, values.last - 1) : values.last\n'),
    (STORE + "Sequences/SequenceKeeper.swift", "let run = first.removeFirst(count)\n            present = first",
     'let run = first.removeFirst(count)\n            if !planted("sequence-values-given-twice") { present = first }'),
    (STORE + "Sequences/SequenceKeeper.swift", "if let present { highest = present.first - 1 }",
     'if planted("sequence-set-back-ignored") { return }\n        if let present { highest = present.first - 1 }'),
    (STORE + "Grants/FloorRecord.swift", "if present.limit.tick >= limit.tick { next.limit = present.limit }",
     'if present.limit.tick >= limit.tick, !planted("floor-lowered") { next.limit = present.limit }'),
]


def _names():
    import re

    names = []
    for _, _, new in CHANGES:
        for name in re.findall(r'planted\("([^"]+)"\)', new):
            if name not in names:
                names.append(name)
    return names


NAMES = _names()
NUMBERS = {name: number for number, name in enumerate(NAMES, 1)}

SWITCH = """internal import Glibc

private let plantedBug = getenv("FIRN_PLANTED_BUG").flatMap { Int(String(cString: $0)) } ?? 0

/// Whether this run has the bug with this number.
func planted(_ number: Int) -> Bool { plantedBug == number }
"""


def changed(root):
    """The files with the bugs in them."""
    texts = {}
    for file, old, new in CHANGES:
        text = texts.setdefault(file, (root / file).read_text())
        if text.count(old) != 1:
            sys.exit(f"simulate: a bug cannot be planted: {file} has {text.count(old)} times:\n{old}\nChange scripts/mutants.py")
        for name in NAMES:
            new = new.replace(f'planted("{name}")', f"planted({NUMBERS[name]})")
        texts[file] = text.replace(old, new)
    return texts


def check(root):
    changed(root)


def plant(root, tree):
    """Makes a copy of the sources with all bugs in it. What has not changed keeps its time, so that it is not built again."""
    texts = changed(root)
    for module in ("CLinux", "CTimeCounter", "FirnEngine", "FirnLayout", "FirnStore", "FirnWindows"):
        for source in (root / "Sources" / module).rglob("*"):
            if source.is_dir():
                continue
            name = str(source.relative_to(root))
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            text = texts.get(name)
            data = source.read_bytes() if text is None else text.encode()
            if not target.exists() or target.read_bytes() != data:
                target.write_bytes(data)
    for module in ("FirnEngine", "FirnStore", "FirnWindows"):
        target = tree / "Sources" / module / "PlantedBug.swift"
        if not target.exists() or target.read_text() != SWITCH:
            target.write_text(SWITCH)
