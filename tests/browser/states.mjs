// Every state of the kiosk as the server tells it, those included that no test can bring about.
const ITEMS = [
  { package: "PUN00020", name: "Field tools", version: 3, bytes: 3_100_000_000 },
  {
    package: "PUN00021",
    name: "Charts of the west coast, all scales and harbours",
    version: 1,
    bytes: 1_000_000_000,
  },
  { package: "PUN0002A", name: "Återställning ção", version: 12, bytes: 100_000 },
];

const offer = (more = {}) => ({
  parcel: "PUN-PSE-000012",
  from: "PUN",
  from_name: "Pune",
  to: "PSE",
  for_here: true,
  genuine: true,
  already_in: false,
  verdict: "genuine",
  reason: "",
  is_return: false,
  packages: 3,
  bytes: 4_200_000_000,
  created: "2026-11-12T08:00:00Z",
  name: "",
  volume: 1,
  volumes: 1,
  volumes_here: [1],
  items: ITEMS,
  ...more,
});

const drive = (more) => ({
  id: "d1",
  name: "KINGSTON DataTraveler 8842",
  kind: "usb",
  read_only: false,
  resumed: false,
  has_news: false,
  offers: [offer()],
  command: "courier --home /var/lib/courier receive drive:/dev/sdb1 --yes --return-to same-medium",
  ...more,
});

export const PROGRESS = {
  phase: "receiving",
  phase_index: 0,
  phase_count: 5,
  share: 0.42,
  done: 42,
  total: 100,
  seconds_left: 2380,
  until: "2026-11-22T14:20:00Z",
};

const result = (more) => ({
  installed: 0,
  stored: 0,
  refused: 0,
  damaged: 0,
  incomplete: 0,
  items: [],
  confirmed: [],
  safe_to_remove: true,
  already_received: false,
  returns: [{ path: "PSE-PUN-000003.pcl", to: "PUN", on_this_drive: true }],
  ...more,
});

const verdicts = (verdict) =>
  ITEMS.map((item) => ({ ...item, verdict, why: verdict === "installed" ? "" : "record 17 of 96" }));

const problem = (code, actions = ["take", "again", "return", "eject", "dismiss"]) =>
  drive({
    state: "problem",
    actions,
    result: result({}),
    problem: {
      code,
      status: 4,
      loss: "nothing was lost",
      hint: "try again with another drive or another copy",
      message:
        "parcel PUN-PSE-000012: record 17 of 96 at byte 41943040 of /run/courier/PUN-PSE-000012.pcl is damaged beyond repair",
    },
  });

export const state = (...drives) => ({
  site: { code: "PSE", name: "Branch" },
  version: "0.1.0",
  now: "2026-11-22T13:40:00Z",
  languages: ["en", "pt-BR", "sv"],
  drives,
});

const other = (id, more) => ({ ...drive(more), id, name: "SanDisk Ultra" });

export function states(codes) {
  return {
    "nothing in": state(),
    reading: state(drive({ state: "reading", offers: [] })),
    offer: state(drive({ state: "offer" })),
    "offer of a return": state(
      drive({
        state: "offer",
        offers: [offer({ is_return: true, from: "NEV", from_name: "Nevada", items: [] })],
      }),
    ),
    "offer that is in already": state(
      drive({ state: "offer", offers: [offer({ already_in: true, verdict: "known" })] }),
    ),
    "offers, some of them not for here": state(
      drive({
        state: "offer",
        offers: [
          offer({ volumes: 3, volumes_here: [1, 2] }),
          offer({ parcel: "PUN-PSE-000013" }),
          offer({
            parcel: "TEX-PSE-000001",
            from: "TEX",
            from_name: "Texas",
            genuine: false,
            verdict: "signer not known here",
          }),
          offer({ parcel: "PUN-NEV-000001", to: "NEV", for_here: false }),
        ],
      }),
    ),
    "offer of a stranger": state(
      drive({ state: "offer", offers: [offer({ genuine: false, verdict: "signer not known here" })] }),
    ),
    "nothing of it for here": state(
      drive({ state: "offer", offers: [offer({ to: "NEV", for_here: false })] }),
    ),
    taking: state(drive({ state: "taking", progress: PROGRESS })),
    "taking, time not known": state(drive({ state: "taking", progress: null })),
    "taking after a power cut": state(
      drive({ state: "taking", resumed: true, progress: { ...PROGRESS, seconds_left: 30, until: null } }),
    ),
    "volumes wanted": state(
      drive({
        state: "waiting",
        needs: [2, 3].map((volume) => ({
          parcel: "PUN-PSE-000012",
          volume,
          volumes: 3,
          label: `PUN_PSE_000012_V${volume}`,
        })),
      }),
    ),
    done: state(
      drive({ state: "done", result: result({ installed: 2, stored: 1, items: verdicts("installed") }) }),
    ),
    "done, and repaired": state(
      drive({
        state: "done",
        result: result({ installed: 3, repaired_bytes: 65_536, items: verdicts("installed") }),
      }),
    ),
    "done, a return": state(
      drive({
        state: "done",
        offers: [offer({ is_return: true })],
        result: result({ stored: 1, returns: [], confirmed: ["PUN-PSE-000001", "PUN-PSE-000002"] }),
      }),
    ),
    "done, all of it before": state(
      drive({ state: "done", result: result({ already_received: true, returns: [] }) }),
    ),
    "done, and more was put there": state(
      drive({
        state: "done",
        has_news: true,
        actions: ["again", "return", "dismiss"],
        result: result({ installed: 3, items: verdicts("installed") }),
      }),
    ),
    "done, nothing of it": state(drive({ state: "done", result: result({ returns: [] }) })),
    "done in part": state({
      ...problem("partly-done"),
      state: "done",
      result: result({ installed: 1, refused: 1, damaged: 1, items: verdicts("damaged") }),
    }),
    "done from a disc": state(
      drive({
        state: "done",
        kind: "disc",
        name: "PUN_PSE_000012",
        read_only: true,
        result: result({ installed: 3, returns: [{ path: "", to: "PUN", on_this_drive: false }] }),
      }),
    ),
    "done from a disc, its return elsewhere": state(
      drive({
        state: "done",
        kind: "disc",
        read_only: true,
        result: result({
          installed: 3,
          returns: [{ path: "/srv/returns/PSE-PUN-000003.pcl", to: "PUN", on_this_drive: false }],
        }),
      }),
    ),
    "three drives": state(
      drive({ state: "offer" }),
      other("d2", { state: "taking", progress: PROGRESS }),
      other("d3", { state: "done", kind: "disc", result: result({ installed: 1 }) }),
    ),
    "nothing on it": state(drive({ state: "empty", offers: [], actions: ["again", "return", "dismiss"] })),
    "a return on an empty drive": state(
      drive({ state: "empty", offers: [], actions: ["again", "return", "dismiss"], result: result({}) }),
    ),
    foreign: state(drive({ state: "foreign", offers: [], actions: ["again", "return", "eject", "dismiss"] })),
    "made here": state(
      drive({
        state: "foreign",
        offers: [offer({ from: "PSE", to: "NEV", for_here: false, verdict: "own" })],
        actions: ["again", "return", "eject", "dismiss"],
      }),
    ),
    "from here, as its label says": state(
      drive({
        state: "foreign",
        offers: [offer({ from: "PSE", to: "NEV", for_here: false, verdict: "for others" })],
        actions: ["again", "return", "eject", "dismiss"],
      }),
    ),
    "not let in": state(drive({ state: "refused", offers: [], actions: ["again", "eject", "dismiss"] })),
    "taken out": state(drive({ state: "gone", actions: ["dismiss"] })),
    "damage to repair": state({
      ...problem("damaged", ["repair", "again", "return", "eject", "dismiss"]),
      result: result({ returns: [] }),
    }),
    "read in vain": state({ ...problem("device", ["again", "dismiss"]), result: null }),
    ...Object.fromEntries(codes.map((code) => [`problem ${code}`, state(problem(code))])),
  };
}
