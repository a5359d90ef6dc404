//! Which endpoints are in which slice (EPS-7, EPS-8), with as few changes as can be. Pure: indices in, indices out.

use crate::facts::endpoint_slice::Endpoint;

/// Endpoints that a slice holds (EPS-7).
pub const ENDPOINTS_MAX: usize = 100;

/// A slice as it is.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    pub endpoints: &'a [Endpoint],
    /// Something else of it must be written.
    pub is_stale: bool,
}

/// What becomes of slices that have the same ports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    /// By the slice's index: which of the wanted endpoints it is to hold.
    pub update: Vec<(usize, Vec<usize>)>,
    /// What each new slice is to hold.
    pub create: Vec<Vec<usize>>,
    /// Slices that hold none of the wanted endpoints any more.
    pub delete: Vec<usize>,
}

/// Keeps every endpoint where it is; those that are new go into slices that change anyway, the fullest first, then into one more
/// slice that has room for all the rest, else into new ones.
pub fn fill(present: &[Present], wanted: &[Endpoint]) -> Filled {
    let mut filled = Filled::default();
    let mut placed = Placed::new(wanted);
    let mut unchanged = Vec::new();
    for (slice, Present { endpoints, is_stale }) in present.iter().enumerate() {
        let kept: Vec<usize> = endpoints.iter().filter_map(|endpoint| placed.take(endpoint)).collect();
        let is_same = kept.len() == endpoints.len() && kept.iter().zip(*endpoints).all(|(index, known)| wanted[*index] == *known);
        if is_same && !is_stale {
            unchanged.push((slice, kept));
        } else if kept.is_empty() && !endpoints.is_empty() {
            filled.delete.push(slice);
        } else {
            filled.update.push((slice, kept));
        }
    }
    let mut rest = placed.rest();
    filled.update.sort_by_key(|(_, held)| std::cmp::Reverse(held.len()));
    for (_, held) in &mut filled.update {
        let room = ENDPOINTS_MAX.saturating_sub(held.len()).min(rest.len());
        held.extend(rest.drain(..room));
    }
    while !rest.is_empty() {
        let fits = |(_, held): &&(usize, Vec<usize>)| held.len() + rest.len() <= ENDPOINTS_MAX;
        if let Some((slice, held)) = unchanged.iter().filter(fits).max_by_key(|(_, held)| held.len()) {
            filled.update.push((*slice, held.iter().copied().chain(rest.drain(..)).collect()));
        } else {
            let room = ENDPOINTS_MAX.min(rest.len());
            filled.create.push(rest.drain(..room).collect());
        }
    }
    filled
}

/// The wanted endpoints, each of which has one place.
struct Placed<'a> {
    wanted: &'a [Endpoint],
    /// Indices, by identity.
    order: Vec<usize>,
    is_placed: Vec<bool>,
}

impl<'a> Placed<'a> {
    fn new(wanted: &'a [Endpoint]) -> Self {
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|index| wanted[*index].identity());
        Self { wanted, order, is_placed: vec![false; wanted.len()] }
    }

    /// The wanted endpoint that this one is, if it has no place yet.
    fn take(&mut self, endpoint: &Endpoint) -> Option<usize> {
        let at = self.order.binary_search_by_key(&endpoint.identity(), |index| self.wanted[*index].identity()).ok()?;
        let index = self.order[at];
        (!std::mem::replace(&mut self.is_placed[index], true)).then_some(index)
    }

    /// Those without a place.
    fn rest(self) -> Vec<usize> {
        (0..self.wanted.len()).filter(|index| !self.is_placed[*index]).collect()
    }
}
