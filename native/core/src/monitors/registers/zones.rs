//! Zones: from when to when the values of a chain are held in place.

use crate::models::register::Action;

use super::super::Certificate;
use super::super::watch::{Stopped, Watch};
use super::clusters::{Cluster, Clusters, Moment, certificate};
use super::{NONE, action};

/// A chain's place in time.
///
/// If `first` comes before `last`, the values are pinned to all that is between (a forward zone);
/// otherwise one moment between `last` and `first` is enough for all of them.
#[derive(Debug, Clone, Copy)]
struct Zone {
    head: u32,
    /// When the operation that ended first did; before everything for the initial value.
    first: Moment,
    /// When the operation that began last did.
    last: Moment,
}

impl Zone {
    #[inline]
    fn of(clusters: &Clusters<'_>, head: u32) -> Self {
        let Cluster { first, last, .. } = *clusters.get(head);
        let mut zone = Self { head, first, last };
        for value in clusters.chain(head).skip(1) {
            let cluster = clusters.get(value);
            zone.first = zone.first.min(cluster.first);
            zone.last = zone.last.max(cluster.last);
        }
        if head == 0 {
            zone.first = Moment::START;
        }
        zone
    }

    #[inline]
    fn is_forward(&self) -> bool {
        self.first.rank() < self.last.rank()
    }

    /// By where it may begin; of two that begin together a forward one comes second.
    fn place(&self) -> (i64, bool) {
        (self.first.min(self.last).rank(), self.is_forward())
    }

    /// Whether it begins before the end of a forward zone which begins before it.
    #[inline]
    fn crosses(&self, pinned: Moment) -> bool {
        self.first.rank() < pinned.rank()
    }
}

/// Order the chains, by their heads, or say which two must each precede the other.
pub(super) fn order(
    clusters: &Clusters<'_>,
    watch: &mut Watch<'_>,
) -> Result<Result<Vec<u32>, Certificate>, Stopped> {
    // The chain of which a row is the operation that began last.
    let mut heads = vec![NONE; clusters.table.len()];
    watch.begin_open("ordering the values");
    for head in clusters.heads() {
        watch.spend(1)?;
        if let Err(certificate) = hold(clusters, head) {
            return Ok(Err(certificate));
        }
        let last = Zone::of(clusters, head).last;
        if last != Moment::START {
            heads[last.row() as usize] = head;
        }
    }
    heads.retain(|&head| head != NONE);
    if !clusters.in_order {
        heads.sort_by_key(|&head| Zone::of(clusters, head).last);
    }
    watch.spend(heads.len())?;
    let merged = merge(clusters, &heads);
    watch.spend(heads.len())?;
    Ok(merged.ok_or_else(|| first_crossing(clusters, &heads)))
}

/// Order chains, which are given by `last`, by where their zones begin; none if two of them must
/// each precede the other.
///
/// Forward zones that come by `last` come by `first` too unless they cross: so nothing is sorted.
fn merge(clusters: &Clusters<'_>, heads: &[u32]) -> Option<Vec<u32>> {
    let zones = || heads.iter().map(|&head| Zone::of(clusters, head));
    let mut order = Vec::with_capacity(heads.len());
    let mut forward = zones().filter(Zone::is_forward).peekable();
    // The end of the latest forward zone before: it reaches furthest, since they are disjoint.
    let mut pinned = Moment::START;
    for zone in zones().filter(|zone| !zone.is_forward()) {
        while let Some(before) = forward.next_if(|it| it.first.rank() < zone.last.rank()) {
            if before.crosses(pinned) {
                return None;
            }
            pinned = before.last;
            order.push(before.head);
        }
        if zone.crosses(pinned) {
            return None;
        }
        order.push(zone.head);
    }
    for zone in forward {
        if zone.crosses(pinned) {
            return None;
        }
        pinned = zone.last;
        order.push(zone.head);
    }
    Some(order)
}

/// Of the chains that must each precede the other, the two that begin first.
#[cold]
fn first_crossing(clusters: &Clusters<'_>, heads: &[u32]) -> Certificate {
    let zones = heads.iter().map(|&head| Zone::of(clusters, head));
    let mut zones: Vec<Zone> = zones.collect();
    zones.sort_by_key(Zone::place);
    let mut pinned: Option<&Zone> = None;
    for zone in &zones {
        if let Some(pinned) = pinned
            && zone.crosses(pinned.last)
        {
            return crossing(clusters, pinned, zone);
        }
        if zone.is_forward() {
            pinned = Some(zone);
        }
    }
    unreachable!("zones that cannot be merged cross")
}

/// Hold a chain to its own order: nothing in it is done with before what must precede it began.
#[inline]
fn hold(clusters: &Clusters<'_>, head: u32) -> Result<(), Certificate> {
    let mut last = Moment::START;
    for value in clusters.chain(head) {
        let &Cluster {
            write,
            first,
            last: own_last,
            ..
        } = clusters.get(value);
        if write != NONE && first.rank() < i64::from(clusters.table.invoked(write as usize)) {
            return Err(certificate("future-read", &[first.row(), write]));
        }
        if first.rank() < last.rank() {
            return Err(backwards(clusters, last.row(), first.row()));
        }
        last = last.max(own_last);
    }
    Ok(())
}

/// Something on a later value of a chain ended before `latest`, on an earlier one, began.
#[cold]
fn backwards(clusters: &Clusters<'_>, latest: u32, ended: u32) -> Certificate {
    match action(clusters.table, latest as usize) {
        Action::Read(_) => certificate("stale-read", &[latest, ended]),
        _ => certificate("future-read", &[ended, latest]),
    }
}

/// Two chains that must each precede the other.
#[cold]
fn crossing(clusters: &Clusters<'_>, one: &Zone, other: &Zone) -> Certificate {
    let is_initial = |zone: &Zone| zone.first == Moment::START;
    let one_is_early =
        is_initial(one) || (!is_initial(other) && one.last.rank() > other.last.rank());
    let (early, late) = if one_is_early {
        (one, other)
    } else {
        (other, one)
    };
    let anomaly = match action(clusters.table, early.last.row() as usize) {
        Action::Read(_) => "stale-read",
        Action::Cas(..) => "stale-cas",
        _ => "stale-write",
    };
    let mut rows = vec![early.last.row(), late.first.row()];
    if !is_initial(early) {
        rows.extend([early.first.row(), late.last.row()]);
    }
    certificate(anomaly, &rows)
}
