//! Domains: in which of the known states each row is legal.
//!
//! What is legal in no state at all is an anomaly by itself, whatever the order of the operations.

use super::evidence::Evidence;
use super::findings::Findings;
use super::order::{Line, Order};
use super::row::{Page, Row};
use crate::models::stream::requests::Expected;
use crate::monitors::sweep::{Beyond, Gaps, Item, WHOLE};
use crate::monitors::watch::{Stopped, Watch};

/// Give every row that says something its domain.
pub(super) fn domains(
    order: &Order,
    evidence: &Evidence<'_>,
    findings: &mut Findings,
    watch: &mut Watch<'_>,
) -> Result<(Vec<Item>, Gaps), Stopped> {
    watch.begin(
        "finding the states in which each operation is legal",
        evidence.observations.len(),
    );
    let mut domains = Domains {
        top: order.top(),
        findings,
        gaps: Gaps::new(),
        items: Vec::with_capacity(order.transitions.len() + evidence.observations.len()),
    };
    domains.appends(order, evidence);
    for &row in &evidence.observations {
        watch.spend(1)?;
        match Row::of(evidence.table, row) {
            Row::Read {
                stream,
                page,
                events,
                ..
            } => {
                let shown = crate::operations::id(events.len());
                domains.page(row, order.line(stream), stream, page, shown);
            }
            Row::ReadLog { page, events } => {
                let shown = crate::operations::id(events.len() / 3);
                domains.page(row, &order.log, WHOLE, page, shown);
            }
            Row::Version { stream, version } => {
                domains.exactly(row, order.line(stream), stream, version);
            }
            Row::Head { position } => domains.exactly(row, &order.log, WHOLE, position),
            Row::Conflict {
                stream,
                expected,
                actual,
            } => domains.conflict(row, order.line(stream), stream, expected, actual),
            Row::Never => domains.findings.add("no-state", [row]),
            _ => {}
        }
    }
    Ok((domains.items, domains.gaps))
}

/// Collects items, and reports rows that no state justifies.
struct Domains<'a> {
    top: u32,
    findings: &'a mut Findings,
    gaps: Gaps,
    items: Vec<Item>,
}

impl Domains<'_> {
    /// Each transition has its slot; a repetition that was acknowledged observed it as done.
    fn appends(&mut self, order: &Order, evidence: &Evidence<'_>) {
        let effective = order.transitions.iter().zip(&order.effective);
        for ((&transition, &effective), slot) in effective.zip((1..).step_by(2)) {
            let scope = evidence.transitions[transition as usize].stream;
            self.items
                .push(Item::new(effective, (slot, slot), scope, Beyond::Illegal));
            for row in evidence.acknowledged(transition) {
                if row != effective {
                    let slots = (slot + 1, self.top);
                    self.items.push(Item::new(row, slots, scope, Beyond::Legal));
                }
            }
        }
    }

    /// A page that is not full shows where the end was; a full one, what there was at least.
    fn page(&mut self, row: u32, line: &Line, scope: u32, page: Page, shown: u32) {
        if page.limit == 0 {
            self.items
                .push(Item::new(row, (0, self.top), scope, Beyond::Legal));
            return;
        }
        let is_full = page.is_full(shown);
        let last = page.after.saturating_add(shown);
        let low = if shown == 0 { 0 } else { last };
        let high = if is_full { u32::MAX } else { last };
        let Some(slots) = line.slots(low, high, self.top) else {
            self.findings.add("torn-read", [row]);
            return;
        };
        let beyond = match is_full {
            true => Beyond::Legal,
            false if shown == 0 && page.after > line.last() => Beyond::Unclear,
            false => Beyond::Illegal,
        };
        self.items.push(Item::new(row, slots, scope, beyond));
    }

    /// The number itself was answered.
    fn exactly(&mut self, row: u32, line: &Line, scope: u32, number: u32) {
        match line.slots(number, number, self.top) {
            Some(slots) => self
                .items
                .push(Item::new(row, slots, scope, Beyond::Illegal)),
            None => self.findings.add("torn-read", [row]),
        }
    }

    /// The stream was not where it was expected; perhaps the answer says where it was.
    fn conflict(
        &mut self,
        row: u32,
        line: &Line,
        scope: u32,
        expected: Expected,
        actual: Option<u32>,
    ) {
        if expected == Expected::Any || actual.is_some_and(|actual| expected.is_met(actual)) {
            self.findings.add("unjustified-conflict", [row]);
            return;
        }
        if let Some(actual) = actual {
            match line.slots(actual, actual, self.top) {
                Some(slots) => self
                    .items
                    .push(Item::new(row, slots, scope, Beyond::Illegal)),
                None => self.findings.add("unjustified-conflict", [row]),
            }
            return;
        }
        let Expected::Exactly(version) = expected else {
            return self.exactly(row, line, scope, 0);
        };
        let beyond = if version > line.last() {
            Beyond::Unclear
        } else {
            Beyond::Legal
        };
        let mut item = Item::new(row, (0, self.top), scope, beyond);
        let first = crate::operations::id(self.gaps.len());
        self.gaps.extend(line.slots(version, version, self.top));
        item.gaps = first..crate::operations::id(self.gaps.len());
        self.items.push(item);
    }
}
