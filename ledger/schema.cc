// Conventions of all tables: times are nanoseconds since 1970 UTC; digests are hex, '' for none;
// incarnations "ordinal:hex"; lists are lines, ranges "first-last,..." (sql.h). Words of states are
// those of states.h; states of 10.4 and 10.5 are their historic codes.
#include "ledger/schema.h"

#include <array>

namespace courier {
namespace {

constexpr std::array kVersion1 = std::to_array<std::string_view>({
    // ---- the machinery -----------------------------------------------------------------------
    // The arrows of behaviours.md section 10, as in arrows.cc; '' is "no state yet" or "gone".
    R"(CREATE TABLE arrow(
      machine TEXT NOT NULL, event TEXT NOT NULL,
      from_state TEXT NOT NULL, to_state TEXT NOT NULL,
      PRIMARY KEY(machine, event, from_state, to_state)) STRICT, WITHOUT ROWID)",
    // Every change of state. Append-only.
    R"(CREATE TABLE history(
      id INTEGER PRIMARY KEY, machine TEXT NOT NULL, subject TEXT NOT NULL,
      time INTEGER NOT NULL, who TEXT NOT NULL, event TEXT NOT NULL,
      from_state TEXT NOT NULL, to_state TEXT NOT NULL, evidence TEXT NOT NULL) STRICT)",
    "CREATE INDEX history_of ON history(machine, subject, id)",
    R"(CREATE TRIGGER history_stays BEFORE UPDATE ON history
      BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END)",
    R"(CREATE TRIGGER history_is_kept BEFORE DELETE ON history
      BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END)",
    // Settings that differ from their default.
    "CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",

    // ---- sites -------------------------------------------------------------------------------
    R"(CREATE TABLE site(
      code TEXT PRIMARY KEY CHECK(length(code) = 3),
      name TEXT NOT NULL,
      role INTEGER NOT NULL CHECK(role BETWEEN 0 AND 3),           -- SiteRole; 0: this site
      incarnation TEXT NOT NULL,                                   -- its own, or the latest seen
      last_return INTEGER NOT NULL DEFAULT 0,                      -- number of the latest applied
      last_return_label TEXT NOT NULL DEFAULT '',
      last_return_time INTEGER, last_return_applied INTEGER,
      acknowledged INTEGER NOT NULL DEFAULT 0,                     -- our returns it says it has seen
      free_bytes INTEGER NOT NULL DEFAULT 0,
      format_version INTEGER NOT NULL DEFAULT 0, features INTEGER NOT NULL DEFAULT 0,
      not_received TEXT NOT NULL DEFAULT '',                       -- our parcels it has not got
      joined INTEGER NOT NULL, joined_now INTEGER NOT NULL DEFAULT 1,
      next_parcel INTEGER NOT NULL DEFAULT 1                       -- number of the next parcel to it
      ) STRICT, WITHOUT ROWID)",
    "CREATE UNIQUE INDEX one_self ON site(role) WHERE role = 0",
    R"(CREATE TABLE address(
      site TEXT NOT NULL REFERENCES site(code),
      sender TEXT NOT NULL CHECK(sender IN ('courier', 'folder')),
      folder TEXT NOT NULL DEFAULT '',
      priority INTEGER NOT NULL CHECK(priority >= 1),
      enabled INTEGER NOT NULL, substitute INTEGER NOT NULL,
      schedule TEXT NOT NULL, zone TEXT NOT NULL, rate TEXT NOT NULL, pulse TEXT NOT NULL,
      PRIMARY KEY(site, sender), UNIQUE(site, priority)) STRICT, WITHOUT ROWID)",

    // ---- packages ----------------------------------------------------------------------------
    R"(CREATE TABLE package(
      id TEXT PRIMARY KEY CHECK(length(id) = 8),
      name TEXT NOT NULL, comment TEXT NOT NULL DEFAULT '', source_path TEXT NOT NULL DEFAULT '',
      source_version INTEGER NOT NULL,                             -- announced by the origin
      stored_version INTEGER NOT NULL DEFAULT 0,                   -- current and whole here
      no_source INTEGER NOT NULL DEFAULT 0, share_name TEXT NOT NULL DEFAULT '',
      delta INTEGER NOT NULL DEFAULT 1, ignore_schedule INTEGER NOT NULL DEFAULT 0,
      sender TEXT NOT NULL DEFAULT 'any',
      priority INTEGER NOT NULL DEFAULT 1 CHECK(priority BETWEEN 0 AND 2),
      created INTEGER NOT NULL, removed INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID)",
    R"(CREATE UNIQUE INDEX share_name_once ON package(share_name)
      WHERE share_name <> '' AND removed = 0)",
    R"(CREATE TABLE version(
      package TEXT NOT NULL REFERENCES package(id), version INTEGER NOT NULL CHECK(version >= 1),
      root TEXT NOT NULL,                                          -- '': a package without files
      files INTEGER NOT NULL, dirs INTEGER NOT NULL, links INTEGER NOT NULL,
      bytes INTEGER NOT NULL, stored INTEGER NOT NULL DEFAULT 0,   -- whole in this store
      created INTEGER NOT NULL, PRIMARY KEY(package, version)) STRICT, WITHOUT ROWID)",
    "CREATE INDEX version_by_root ON version(root)",

    // ---- jobs (10.1) -------------------------------------------------------------------------
    R"(CREATE TABLE job(
      number INTEGER PRIMARY KEY AUTOINCREMENT,                    -- never used again
      kind INTEGER NOT NULL CHECK(kind BETWEEN 0 AND 2),
      package TEXT NOT NULL REFERENCES package(id), version INTEGER NOT NULL,
      site TEXT NOT NULL REFERENCES site(code), dps TEXT NOT NULL,
      priority INTEGER NOT NULL CHECK(priority BETWEEN 0 AND 2),
      step TEXT NOT NULL CHECK(step IN ('accepted', 'routed', 'suspended', 'in parcel', 'sent',
        'confirmed', 'failed', 'cancelled', 'superseded', 'error', 'local', 'invalid')),
      state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 8),
      pending INTEGER NOT NULL CHECK(pending BETWEEN 0 AND 8),
      reason TEXT NOT NULL DEFAULT '', sender TEXT NOT NULL DEFAULT '',
      parcel TEXT NOT NULL DEFAULT '',                             -- the latest that carried it
      total_bytes INTEGER NOT NULL, remaining_bytes INTEGER NOT NULL,
      whole INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
      superseded_by INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
      created INTEGER NOT NULL, started INTEGER, finished INTEGER, retry_at INTEGER,
      error_since INTEGER, as_of INTEGER, as_of_return TEXT NOT NULL DEFAULT '',
      repaired_by INTEGER NOT NULL DEFAULT 0,                      -- J9a
      CHECK(step NOT IN ('in parcel', 'sent') OR parcel <> '')) STRICT)",
    "CREATE INDEX job_of_site ON job(site, package)",
    R"(CREATE TRIGGER job_arrow BEFORE UPDATE OF step ON job
      WHEN NEW.step <> OLD.step AND NOT EXISTS (SELECT 1 FROM arrow WHERE machine = 'job'
        AND from_state = OLD.step AND to_state = NEW.step)
      BEGIN SELECT RAISE(ABORT, 'behaviours 10.1 has no such arrow'); END)",
    R"(CREATE TRIGGER job_begin BEFORE INSERT ON job WHEN NEW.step <> 'accepted'
      BEGIN SELECT RAISE(ABORT, 'a job begins accepted'); END)",

    // ---- outgoing parcels (10.2) -------------------------------------------------------------
    // Numbers given out whose parcel is not made yet (or never was: then the number stays unused).
    R"(CREATE TABLE reserved(
      id TEXT PRIMARY KEY, time INTEGER NOT NULL) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE parcel(
      key INTEGER PRIMARY KEY AUTOINCREMENT,
      label TEXT NOT NULL UNIQUE, is_return INTEGER NOT NULL,
      name TEXT NOT NULL, comment TEXT NOT NULL, carrier TEXT NOT NULL, tracking TEXT NOT NULL,
      file TEXT NOT NULL, file_bytes INTEGER NOT NULL, content_bytes INTEGER NOT NULL,
      records INTEGER NOT NULL, payload_removed INTEGER NOT NULL DEFAULT 0,
      created INTEGER NOT NULL, expected INTEGER,
      overdue_reported INTEGER NOT NULL DEFAULT 0) STRICT)",
    R"(CREATE TABLE addressee(
      id TEXT PRIMARY KEY,                                         -- "PUN-PSE-000001"
      parcel INTEGER NOT NULL REFERENCES parcel(key), position INTEGER NOT NULL,
      site TEXT NOT NULL REFERENCES site(code), number INTEGER NOT NULL,
      state TEXT NOT NULL CHECK(state IN ('Created', 'Sent', 'Confirmed', 'discarded')),
      partly INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
      return_id TEXT NOT NULL DEFAULT '', last_return_seen INTEGER NOT NULL,
      sent INTEGER, confirmed INTEGER, UNIQUE(parcel, position),
      CHECK(state <> 'Confirmed' OR return_id <> '')               -- P11: never without evidence
      ) STRICT, WITHOUT ROWID)",
    R"(CREATE TRIGGER addressee_arrow BEFORE UPDATE OF state ON addressee
      WHEN NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM arrow WHERE machine = 'parcel'
        AND from_state = OLD.state AND to_state = NEW.state)
      BEGIN SELECT RAISE(ABORT, 'behaviours 10.2 has no such arrow'); END)",
    R"(CREATE TABLE parcel_item(
      parcel INTEGER NOT NULL REFERENCES parcel(key), position INTEGER NOT NULL,
      kind INTEGER NOT NULL, package TEXT NOT NULL, version INTEGER NOT NULL, root TEXT NOT NULL,
      bytes INTEGER NOT NULL, jobs TEXT NOT NULL,                  -- one per addressee, 0: none
      dps TEXT NOT NULL, base TEXT NOT NULL,
      PRIMARY KEY(parcel, position)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE item_verdict(
      parcel INTEGER NOT NULL, position INTEGER NOT NULL, site TEXT NOT NULL,
      verdict INTEGER, reason TEXT NOT NULL, return_id TEXT NOT NULL, as_of INTEGER,
      PRIMARY KEY(parcel, position, site),
      FOREIGN KEY(parcel, position) REFERENCES parcel_item(parcel, position)
      ) STRICT, WITHOUT ROWID)",
    // Copies on media, with the medium's identity; bad ones are kept as bad.
    R"(CREATE TABLE copy(
      id INTEGER PRIMARY KEY, parcel INTEGER NOT NULL REFERENCES parcel(key),
      target TEXT NOT NULL, medium_label TEXT NOT NULL, medium_serial TEXT NOT NULL,
      verified INTEGER NOT NULL, note TEXT NOT NULL, time INTEGER NOT NULL) STRICT)",

    // ---- incoming parcels (10.3) -------------------------------------------------------------
    R"(CREATE TABLE incoming(
      label TEXT PRIMARY KEY, id TEXT NOT NULL, sender TEXT NOT NULL, number INTEGER NOT NULL,
      incarnation TEXT NOT NULL, name TEXT NOT NULL, comment TEXT NOT NULL, signer TEXT NOT NULL,
      is_return INTEGER NOT NULL, written INTEGER NOT NULL, arrived INTEGER NOT NULL,
      state TEXT NOT NULL CHECK(state IN ('Quarantined', 'Refused', 'Verifying', 'Incomplete',
        'Accepted', 'Processed')),
      reason TEXT NOT NULL, record_count INTEGER, received TEXT NOT NULL,
      item_count INTEGER NOT NULL, content_bytes INTEGER NOT NULL,
      last_return_seen INTEGER NOT NULL, key_deadline INTEGER, finished INTEGER,
      first_return INTEGER NOT NULL DEFAULT 0,                     -- that told its present state
      order_no INTEGER NOT NULL) STRICT, WITHOUT ROWID)",
    "CREATE INDEX incoming_by_sender ON incoming(sender, number)",
    R"(CREATE TRIGGER incoming_arrow BEFORE UPDATE OF state ON incoming
      WHEN NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM arrow WHERE machine = 'incoming'
        AND from_state = OLD.state AND to_state = NEW.state)
      BEGIN SELECT RAISE(ABORT, 'behaviours 10.3 has no such arrow'); END)",
    // Packs written for a parcel: gc keeps them until it is Processed.
    R"(CREATE TABLE pin(
      label TEXT NOT NULL REFERENCES incoming(label) ON DELETE CASCADE, pack TEXT NOT NULL,
      PRIMARY KEY(label, pack)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE incoming_item(
      label TEXT NOT NULL REFERENCES incoming(label) ON DELETE CASCADE,
      position INTEGER NOT NULL, kind INTEGER NOT NULL, job INTEGER NOT NULL,
      package TEXT NOT NULL, version INTEGER NOT NULL, root TEXT NOT NULL, bytes INTEGER NOT NULL,
      files INTEGER NOT NULL, package_name TEXT NOT NULL, share_name TEXT NOT NULL,
      no_files INTEGER NOT NULL, dps TEXT NOT NULL, encoded TEXT NOT NULL,
      state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 2), verdict INTEGER,
      reason TEXT NOT NULL, missing_records TEXT NOT NULL, missing_objects TEXT NOT NULL,
      retry_at INTEGER, finished INTEGER, local_job INTEGER NOT NULL,
      first_return INTEGER NOT NULL DEFAULT 0,                     -- that told this verdict
      PRIMARY KEY(label, position),
      CHECK((state = 2) = (verdict IS NOT NULL))) STRICT, WITHOUT ROWID)",
    "CREATE INDEX incoming_item_job ON incoming_item(local_job) WHERE local_job <> 0",
    // The last job number executed, per package and sender: order within one incarnation.
    R"(CREATE TABLE executed(
      sender TEXT NOT NULL, package TEXT NOT NULL, incarnation TEXT NOT NULL,
      job INTEGER NOT NULL, PRIMARY KEY(sender, package)) STRICT, WITHOUT ROWID)",
    // Parcels for others that were offered here alone (B15).
    R"(CREATE TABLE misdelivered(
      label TEXT NOT NULL, id TEXT NOT NULL, sender TEXT NOT NULL, time INTEGER NOT NULL,
      first_return INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY(label, id)) STRICT, WITHOUT ROWID)",

    // ---- returns -----------------------------------------------------------------------------
    // Received: the rows the importer stores and the sender applies.
    R"(CREATE TABLE received_return(
      label TEXT PRIMARY KEY, id TEXT NOT NULL, site TEXT NOT NULL REFERENCES site(code),
      number INTEGER NOT NULL, incarnation TEXT NOT NULL, written INTEGER NOT NULL,
      format_version INTEGER NOT NULL, features INTEGER NOT NULL, free_bytes INTEGER NOT NULL,
      not_received TEXT NOT NULL, misdelivered TEXT NOT NULL,
      applied INTEGER, outcome TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE return_parcel(
      label TEXT NOT NULL REFERENCES received_return(label) ON DELETE CASCADE,
      position INTEGER NOT NULL, id TEXT NOT NULL, parcel_label TEXT NOT NULL,
      state TEXT NOT NULL, reason TEXT NOT NULL, missing_records TEXT NOT NULL,
      PRIMARY KEY(label, position)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE return_item(
      label TEXT NOT NULL, parcel INTEGER NOT NULL, position INTEGER NOT NULL,
      kind INTEGER NOT NULL, job INTEGER NOT NULL, package TEXT NOT NULL,
      version INTEGER NOT NULL, verdict INTEGER, reason TEXT NOT NULL,
      missing_records TEXT NOT NULL, missing_objects TEXT NOT NULL,
      PRIMARY KEY(label, parcel, position),
      FOREIGN KEY(label, parcel) REFERENCES return_parcel(label, position) ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE return_holding(
      label TEXT NOT NULL REFERENCES received_return(label) ON DELETE CASCADE,
      position INTEGER NOT NULL, package TEXT NOT NULL, version INTEGER NOT NULL,
      root TEXT NOT NULL, unknown INTEGER NOT NULL, missing TEXT NOT NULL,
      PRIMARY KEY(label, position)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE return_dp(
      label TEXT NOT NULL REFERENCES received_return(label) ON DELETE CASCADE,
      position INTEGER NOT NULL, dp TEXT NOT NULL, package TEXT NOT NULL,
      version INTEGER NOT NULL, served INTEGER NOT NULL,
      state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 8), reason TEXT NOT NULL,
      invalid INTEGER NOT NULL, as_of INTEGER NOT NULL,
      PRIMARY KEY(label, position)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE return_space(
      label TEXT NOT NULL REFERENCES received_return(label) ON DELETE CASCADE,
      dp TEXT NOT NULL, free_bytes INTEGER NOT NULL,
      PRIMARY KEY(label, dp)) STRICT, WITHOUT ROWID)",
    // What each site has proved: the latest return's, replaced as a whole.
    R"(CREATE TABLE holding(
      site TEXT NOT NULL REFERENCES site(code), package TEXT NOT NULL, version INTEGER NOT NULL,
      root TEXT NOT NULL, unknown INTEGER NOT NULL, missing TEXT NOT NULL,
      PRIMARY KEY(site, package, version, root)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE partial_receipt(
      site TEXT NOT NULL REFERENCES site(code), parcel_label TEXT NOT NULL,
      missing_records TEXT NOT NULL, PRIMARY KEY(site, parcel_label)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE dp_space(
      site TEXT NOT NULL REFERENCES site(code), dp TEXT NOT NULL, free_bytes INTEGER NOT NULL,
      PRIMARY KEY(site, dp)) STRICT, WITHOUT ROWID)",
    // Sent: which versions each of our returns claimed; gc keeps them (kept_content.h).
    R"(CREATE TABLE sent_return(
      id TEXT PRIMARY KEY, site TEXT NOT NULL, number INTEGER NOT NULL,
      incarnation TEXT NOT NULL, written INTEGER NOT NULL) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE claim(
      id TEXT NOT NULL REFERENCES sent_return(id) ON DELETE CASCADE,
      package TEXT NOT NULL, version INTEGER NOT NULL, root TEXT NOT NULL,
      PRIMARY KEY(id, package, version, root)) STRICT, WITHOUT ROWID)",

    // ---- distribution points (10.4, 10.5) ----------------------------------------------------
    R"(CREATE TABLE dp(
      name TEXT PRIMARY KEY, types TEXT NOT NULL, mark TEXT NOT NULL, own INTEGER NOT NULL,
      file_streaming INTEGER NOT NULL, prestage INTEGER NOT NULL, maintenance INTEGER NOT NULL,
      pull INTEGER NOT NULL, reserve_bytes INTEGER, schedule TEXT NOT NULL, rate TEXT NOT NULL,
      pulse TEXT NOT NULL, validate TEXT NOT NULL, serves TEXT NOT NULL, owner TEXT NOT NULL,
      owner_group TEXT NOT NULL, file_mode TEXT NOT NULL, setid INTEGER NOT NULL,
      atomic_swap INTEGER NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE dp_path(
      dp TEXT NOT NULL REFERENCES dp(name) ON DELETE CASCADE, position INTEGER NOT NULL,
      path TEXT NOT NULL, PRIMARY KEY(dp, position)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE dp_source(
      dp TEXT NOT NULL REFERENCES dp(name) ON DELETE CASCADE, source TEXT NOT NULL,
      ordering INTEGER NOT NULL, PRIMARY KEY(dp, source)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE group_member(
      name TEXT NOT NULL, dp TEXT NOT NULL REFERENCES dp(name) ON DELETE CASCADE,
      PRIMARY KEY(name, dp)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE package_dp(
      site TEXT NOT NULL REFERENCES site(code), dp TEXT NOT NULL,  -- '': the site's stored content
      package TEXT NOT NULL, version INTEGER NOT NULL, served INTEGER NOT NULL,
      state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 8),
      pending INTEGER NOT NULL CHECK(pending BETWEEN 0 AND 8),
      status INTEGER NOT NULL CHECK(status IN (0, 1, 2, 3, 4, 5, 6, 8, 9)),
      reason TEXT NOT NULL, whole INTEGER NOT NULL, invalid INTEGER NOT NULL,
      retries_left INTEGER, retry_at INTEGER, job INTEGER NOT NULL, folder TEXT NOT NULL,
      drive TEXT NOT NULL, as_of INTEGER NOT NULL, evidence TEXT NOT NULL,
      PRIMARY KEY(site, dp, package)) STRICT, WITHOUT ROWID)",
    R"(CREATE TRIGGER package_dp_arrow BEFORE UPDATE OF state ON package_dp
      WHEN NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM arrow
        WHERE machine = 'package-dp' AND from_state = CAST(OLD.state AS TEXT)
        AND to_state = CAST(NEW.state AS TEXT))
      BEGIN SELECT RAISE(ABORT, 'behaviours 10.4 has no such arrow'); END)",
    R"(CREATE TABLE transfer(
      job INTEGER NOT NULL REFERENCES job(number), dp TEXT NOT NULL,
      action INTEGER NOT NULL CHECK(action BETWEEN 0 AND 1),
      package TEXT NOT NULL, version INTEGER NOT NULL, whole INTEGER NOT NULL,
      state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 8),
      phase INTEGER NOT NULL CHECK(phase BETWEEN 0 AND 3), reason TEXT NOT NULL,
      attempts INTEGER NOT NULL, retries_left INTEGER NOT NULL, retry_at INTEGER,
      files_present INTEGER NOT NULL, files_linked INTEGER NOT NULL,
      files_copied INTEGER NOT NULL, bytes_copied INTEGER NOT NULL, bytes_total INTEGER NOT NULL,
      cancel_requested INTEGER NOT NULL, cancelled_by TEXT NOT NULL, created INTEGER NOT NULL,
      started INTEGER, finished INTEGER, PRIMARY KEY(job, dp)) STRICT, WITHOUT ROWID)",
    "CREATE INDEX transfer_of_dp ON transfer(dp, package)",
    R"(CREATE TRIGGER transfer_arrow BEFORE UPDATE OF state ON transfer
      WHEN NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM arrow WHERE machine = 'transfer'
        AND from_state = CAST(OLD.state AS TEXT) AND to_state = CAST(NEW.state AS TEXT))
      BEGIN SELECT RAISE(ABORT, 'behaviours 10.5 has no such arrow'); END)",
    R"(CREATE TRIGGER transfer_begin BEFORE INSERT ON transfer WHEN NEW.state <> 0
      BEGIN SELECT RAISE(ABORT, 'a transfer job begins pending'); END)",

    // ---- status messages (section 13) --------------------------------------------------------
    R"(CREATE TABLE status_message(
      row INTEGER PRIMARY KEY AUTOINCREMENT,
      site TEXT NOT NULL, incarnation TEXT NOT NULL, sequence INTEGER NOT NULL,
      id TEXT NOT NULL, severity INTEGER NOT NULL CHECK(severity BETWEEN 0 AND 2),
      milestone INTEGER NOT NULL, component INTEGER NOT NULL, system TEXT NOT NULL,
      package TEXT NOT NULL, strings TEXT NOT NULL, pid INTEGER NOT NULL,
      thread INTEGER NOT NULL, time INTEGER NOT NULL,
      UNIQUE(site, incarnation, sequence)) STRICT)",
    "CREATE INDEX status_by_id ON status_message(id, site)",
    "CREATE INDEX status_of_site ON status_message(site)",
    // Up to which of our messages each of our returns told.
    R"(CREATE TABLE told(
      site TEXT NOT NULL, number INTEGER NOT NULL, sequence INTEGER NOT NULL,
      PRIMARY KEY(site, number)) STRICT, WITHOUT ROWID)",
});

constexpr std::array kVersion2 = std::to_array<std::string_view>({
    // SourceKind: how source_path was read.
    R"(ALTER TABLE package ADD COLUMN source_kind INTEGER NOT NULL DEFAULT 0
      CHECK(source_kind BETWEEN 0 AND 2))",
});

constexpr std::array kVersion3 = std::to_array<std::string_view>({
    // A copy may be a volume: of which cut ('': the whole parcel), which one, which records.
    "ALTER TABLE copy ADD COLUMN medium TEXT NOT NULL DEFAULT ''",  // as people are told of it
    "ALTER TABLE copy ADD COLUMN cut TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE copy ADD COLUMN number INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE copy ADD COLUMN volumes INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE copy ADD COLUMN first_record INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE copy ADD COLUMN end_record INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE copy ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0",
    // Volumes of incoming parcels that were seen here, on any day; what they state is advice.
    R"(CREATE TABLE incoming_volume(
      label TEXT NOT NULL REFERENCES incoming(label) ON DELETE CASCADE,
      cut TEXT NOT NULL, number INTEGER NOT NULL, volumes INTEGER NOT NULL,   -- 0: not known
      first_record INTEGER NOT NULL, end_record INTEGER NOT NULL,
      read_whole INTEGER NOT NULL,          -- what did not come of it will not come of it again
      seen INTEGER NOT NULL,
      PRIMARY KEY(label, cut, number, first_record, end_record)) STRICT, WITHOUT ROWID)",
});

constexpr std::array kVersion4 = std::to_array<std::string_view>({
    // What waits, among all the jobs that a site ever had.
    R"(CREATE INDEX job_waiting ON job(site, priority, number)
      WHERE step IN ('accepted', 'routed', 'suspended', 'error'))",
    // To count the states of ten thousand sites.
    "CREATE INDEX package_dp_states ON package_dp(package, dp, state, version, invalid)",
});

constexpr std::array kVersion5 = std::to_array<std::string_view>({
    // How many spare volumes the cut has. A copy whose number is beyond its volumes is one.
    "ALTER TABLE copy ADD COLUMN spares INTEGER NOT NULL DEFAULT 0",
});

constexpr std::array kVersion6 = std::to_array<std::string_view>({
    // The name of our sealing key that it was sealed to: the words of its receipt are made with it.
    "ALTER TABLE incoming ADD COLUMN sealed_to TEXT NOT NULL DEFAULT ''",
});

constexpr std::array<std::span<const std::string_view>, 6> kMigrations = {
    kVersion1, kVersion2, kVersion3, kVersion4, kVersion5, kVersion6};

}  // namespace

std::span<const std::span<const std::string_view>> migrations() { return kMigrations; }

}  // namespace courier
