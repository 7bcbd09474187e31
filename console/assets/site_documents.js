// What a part of the site's own page is made from when that is more than one document of the server.
import { get } from "./connection.js";

const LAST_PARCELS = 8;

// The copies of the parcels made last, newest first. The list of parcels has none, and each costs a request.
async function lastWritten() {
  const { outgoing = [] } = await get("parcels");
  const newest = [...outgoing].sort((a, b) => b.created.localeCompare(a.created)).slice(0, LAST_PARCELS);
  const copies = [];
  for (const { id } of newest) {
    const one = await get(`parcels/${id}`);
    for (const copy of one.copies ?? [])
      copies.push({ ...copy, parcel: id, to: (one.addressees ?? []).map((each) => each.site).join(", ") });
  }
  return copies.sort((a, b) => b.time.localeCompare(a.time));
}

export async function mediaDocument() {
  const [{ drives }, written] = await Promise.all([get("media"), lastWritten()]);
  return { drives, written };
}

const named = (value, ...facts) => ({ value, text: facts.filter(Boolean).join(", ") });

// What may be filled into the guided steps, by the name of the list. Anything else may be typed, too.
export async function choices() {
  const { packages = [] } = await get("packages");
  const { sites = [] } = await get("sites");
  const { outgoing = [] } = await get("parcels");
  const { states = [] } = await get("status");
  const { distribution_points: dps = [] } = await get("dps");

  const others = sites.filter((site) => site.role !== "self").map((site) => named(site.code, site.name));
  const elsewhere = new Set(states.filter((row) => row.dp).map((row) => `${row.site}/${row.dp}`));
  const parcels = outgoing
    .flatMap((row) => (row.addressees ?? []).map((one) => ({ ...row, ...one })))
    .reverse();
  const offered = (wanted) => parcels.filter(wanted).map((one) => named(one.id, one.name, one.state));
  return {
    packages: packages.map((one) => named(one.package, one.name)),
    sites: others,
    targets: [...others, ...dps.map((one) => named(one.dp)), ...[...elsewhere].sort().map((one) => named(one))],
    created: offered((one) => one.state === "Created"),
    writable: offered((one) => !one.payload_removed && one.state !== "discarded"),
    unconfirmed: offered((one) => !one.is_return && ["Created", "Sent"].includes(one.state)),
  };
}
