//! Zones: from when to when the values of a chain are held in place.

use crate::budget::Exhausted;
use crate::models::register::Action;
use crate::operations::{MAX_ROWS, id};

use super::super::Certificate;
use super::super::watch::Watch;
use super::clusters::{Clusters, certificate};
use super::{NONE, action};

const ROW_BITS: u32 = MAX_ROWS.trailing_zeros();

/// A chain's place in time.
///
/// If `first` comes before `last`, the values are pinned to all that is between (a forward zone);
/// otherwise one moment between `last` and `first` is enough for all of them.
#[derive(Debug, Clone, Copy)]
struct Zone {
    head: u32,
    /// When the operation that ended first did; before everything for the initial value.
    first: i64,
    first_ended: u32,
    /// When the operation that began last did.
    last: i64,
    last_begun: u32,
}

impl Zone {
    fn is_forward(&self) -> bool {
        self.first < self.last
    }

    /// By where it may begin; of two that begin together a forward one comes second. Below that,
    /// its number among fewer than 2^30 zones.
    fn place(&self, number: usize) -> u64 {
        let begins = self.first.min(self.last) + 1;
        let begins = u64::try_from(begins).expect("nothing is earlier than the initial value");
        (begins << 1 | u64::from(self.is_forward())) << ROW_BITS | u64::from(id(number))
    }
}

/// Order the chains, by their heads, or say which two must each precede the other.
pub(super) fn order(
    clusters: &Clusters<'_>,
    watch: &mut Watch<'_>,
) -> Result<Result<Vec<u32>, Certificate>, Exhausted> {
    let mut zones = Vec::with_capacity(clusters.heads().count());
    for head in clusters.heads() {
        watch.spend(1)?;
        match zone(clusters, head) {
            Ok(zone) => zones.extend(zone),
            Err(certificate) => return Ok(Err(certificate)),
        }
    }
    let places = zones.iter().enumerate();
    let mut places: Vec<u64> = places.map(|(number, zone)| zone.place(number)).collect();
    sort_nearly_sorted(&mut places);
    watch.spend(zones.len())?;
    let in_order = || {
        let number = |&place: &u64| (place & ((1 << ROW_BITS) - 1)) as usize;
        places.iter().map(number).map(|number| &zones[number])
    };
    let mut pinned: Option<&Zone> = None;
    for zone in in_order() {
        // Of the forward zones before, the latest is the one that reaches furthest: they are
        // disjoint.
        if let Some(pinned) = pinned
            && zone.first < pinned.last
        {
            return Ok(Err(crossing(clusters, pinned, zone)));
        }
        if zone.is_forward() {
            pinned = Some(zone);
        }
    }
    Ok(Ok(in_order().map(|zone| zone.head).collect()))
}

/// Sort numbers that are hardly out of order: values come and go about as they are written.
fn sort_nearly_sorted(numbers: &mut [u64]) {
    let mut left = 8 * numbers.len();
    for sorted in 1..numbers.len() {
        let mut place = sorted;
        while place > 0 && numbers[place - 1] > numbers[place] {
            numbers.swap(place - 1, place);
            place -= 1;
        }
        let moved = sorted - place;
        if moved > left {
            return numbers.sort_unstable();
        }
        left -= moved;
    }
}

/// The zone of a chain; none if nothing is known of its values. An error if something in it was
/// done with before what must precede it began.
fn zone(clusters: &Clusters<'_>, head: u32) -> Result<Option<Zone>, Certificate> {
    let mut zone = Zone {
        head,
        first: i64::MAX,
        first_ended: NONE,
        last: -1,
        last_begun: NONE,
    };
    for value in clusters.chain(head) {
        let cluster = clusters.get(value);
        if cluster.is_empty() {
            continue;
        }
        let (end, begin) = (i64::from(cluster.first_end), i64::from(cluster.last_begin));
        if cluster.write != NONE && cluster.first_end < begin_of(clusters, cluster.write) {
            return Err(certificate(
                "future-read",
                &[cluster.first_ended, cluster.write],
            ));
        }
        if end < zone.last {
            return Err(backwards(clusters, zone.last_begun, cluster.first_ended));
        }
        if end < zone.first {
            (zone.first, zone.first_ended) = (end, cluster.first_ended);
        }
        if begin > zone.last {
            (zone.last, zone.last_begun) = (begin, cluster.last_begun);
        }
    }
    if head == 0 {
        (zone.first, zone.first_ended) = (-1, NONE);
    }
    Ok((zone.last_begun != NONE).then_some(zone))
}

fn begin_of(clusters: &Clusters<'_>, row: u32) -> u32 {
    clusters.table.invoked(row as usize)
}

/// Something on a later value of a chain ended before `latest`, on an earlier one, began.
fn backwards(clusters: &Clusters<'_>, latest: u32, ended: u32) -> Certificate {
    match action(clusters.table, latest as usize) {
        Action::Read(_) => certificate("stale-read", &[latest, ended]),
        _ => certificate("future-read", &[ended, latest]),
    }
}

/// Two chains that must each precede the other.
fn crossing(clusters: &Clusters<'_>, one: &Zone, other: &Zone) -> Certificate {
    let one_is_early =
        one.first_ended == NONE || (other.first_ended != NONE && one.last > other.last);
    let (early, late) = if one_is_early {
        (one, other)
    } else {
        (other, one)
    };
    let anomaly = match action(clusters.table, early.last_begun as usize) {
        Action::Read(_) => "stale-read",
        Action::Cas(..) => "stale-cas",
        _ => "stale-write",
    };
    let mut rows = vec![early.last_begun, late.first_ended];
    if early.first_ended != NONE {
        rows.extend([early.first_ended, late.last_begun]);
    }
    certificate(anomaly, &rows)
}
