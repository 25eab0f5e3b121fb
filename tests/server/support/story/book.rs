//! What a writer knows of its own rows, and what it thinks up to do with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::act::Act;
use super::shape::Shape;
use super::statement::{Assignments, KeyLiterals, LOADED, Statement};
use super::values::Rng;

/// A row of the writer's own.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// How its key is spelled now.
    pub spelling: usize,
    /// Its values in the unique columns, by number; `None` is NULL.
    pub uniques: Vec<Option<u64>>,
}

/// All of one writer's rows. Cloned where the server may be told to roll back.
#[derive(Clone)]
pub struct Book {
    pub writer: usize,
    writers: usize,
    shape: Arc<Shape>,
    rows: BTreeMap<u64, Own>,
    /// Slots that plain keys are taken from.
    slots: u64,
    /// The next unused number of each unique column.
    next: Vec<u64>,
    /// Numbers of each unique column that no row has any more.
    freed: Vec<Vec<u64>>,
}

impl Book {
    pub fn new(writer: usize, writers: usize, shape: Arc<Shape>, slots: u64) -> Self {
        let uniques = shape.uniques.len();
        Self {
            writer,
            writers,
            shape,
            rows: BTreeMap::new(),
            slots,
            next: vec![1; uniques],
            freed: vec![Vec::new(); uniques],
        }
    }

    /// A new row in a slot, as assignments without the key; enters it.
    pub fn make(&mut self, slot: u64, random: &mut Rng) -> Assignments {
        let spelling = random.usize(..self.shape.key.spellings);
        let uniques: Vec<Option<u64>> =
            (0..self.next.len()).map(|index| self.number(index, random)).collect();
        self.rows.insert(slot, Own { spelling, uniques });
        let mut row = vec![("w".to_owned(), self.writer.to_string())];
        for (index, unique) in self.shape.uniques.iter().enumerate() {
            row.push((unique.column.clone(), self.value(slot, index)));
        }
        row.extend(self.shape.values.iter().map(|(name, make)| (name.clone(), make(random))));
        row
    }

    /// The same with its key in front.
    pub fn make_with_key(&mut self, slot: u64, random: &mut Rng) -> Assignments {
        let rest = self.make(slot, random);
        let mut row = self.key_assignments(slot);
        row.extend(rest);
        row
    }

    /// Moves the rows that were entered under `from`, `from + 1`, … to the slots that the server
    /// has assigned: `to`, `to + 1`, ….
    pub fn rename(&mut self, from: u64, to: u64, count: u64) {
        for index in 0..count {
            if let Some(own) = self.rows.remove(&(from + index)) {
                self.rows.insert(to + index, own);
            }
        }
    }

    /// The key of a slot of ours as it is spelled now.
    pub fn key(&self, slot: u64) -> KeyLiterals {
        (self.shape.key.spell)(slot, self.rows.get(&slot).map_or(0, |own| own.spelling))
    }

    pub fn key_assignments(&self, slot: u64) -> Assignments {
        self.shape.key.columns.iter().cloned().zip(self.key(slot)).collect()
    }

    /// Thinks up the statements of an act; none where the act does not fit the table.
    pub fn plan(&mut self, act: Act, random: &mut Rng) -> Vec<Statement> {
        match act {
            Act::Insert => self.insert(random),
            Act::Update => {
                let count = random.usize(1..=3);
                self.update(count, random)
            }
            Act::UpdateMany => self.update(80, random),
            Act::UpdateRange => self.update_range(random),
            Act::Move => self.relocate(random),
            Act::Respell => self.respell(random),
            Act::Delete => self.delete(random),
            Act::InsertThenDelete => {
                let Some(slot) = self.free_slot(random) else { return Vec::new() };
                let row = self.make_with_key(slot, random);
                let key = self.key(slot);
                self.forget(slot);
                vec![Statement::Insert(vec![row]), Statement::Delete(vec![key])]
            }
            Act::DeleteThenInsert => {
                let Some(slot) = self.pick(random) else { return Vec::new() };
                let key = self.key(slot);
                self.forget(slot);
                let row = self.make_with_key(slot, random);
                vec![Statement::Delete(vec![key]), Statement::Insert(vec![row])]
            }
            Act::Swap => self.swap(random),
            Act::Shift => self.shift(random),
            Act::Upsert => {
                let slot = if random.bool() { self.pick(random) } else { self.free_slot(random) };
                let Some(slot) = slot else { return Vec::new() };
                let spelling = self.rows.get(&slot).map(|own| own.spelling);
                self.forget(slot);
                let row = self.make_with_key(slot, random);
                // An existing row keeps its key's old spelling.
                if let (Some(spelling), Some(own)) = (spelling, self.rows.get_mut(&slot)) {
                    own.spelling = spelling;
                }
                vec![Statement::Upsert(row)]
            }
            Act::Load => {
                let slots: Vec<u64> =
                    (0..LOADED.1).filter_map(|_| self.free_slot(random)).collect();
                if slots.len() < LOADED.1 || slots[1..].contains(&slots[0]) || slots[1] == slots[2]
                {
                    return Vec::new();
                }
                let make = |slot| self.make_with_key(slot, random);
                vec![Statement::Load(slots.into_iter().map(make).collect())]
            }
            Act::UpdateJoined => self
                .update(3, random)
                .into_iter()
                .map(|statement| match statement {
                    Statement::Update { keys, set } => Statement::UpdateJoined { keys, set },
                    other => other,
                })
                .collect(),
            Act::DeleteJoined => self
                .delete(random)
                .into_iter()
                .map(|statement| match statement {
                    Statement::Delete(keys) => Statement::DeleteJoined(keys),
                    other => other,
                })
                .collect(),
            Act::Replace => {
                let Some(slot) = self.pick(random) else { return Vec::new() };
                self.forget(slot);
                vec![Statement::Replace(self.make_with_key(slot, random))]
            }
        }
    }

    fn insert(&mut self, random: &mut Rng) -> Vec<Statement> {
        let mut rows = Vec::new();
        for _ in 0..random.usize(1..=4) {
            let Some(slot) = self.free_slot(random) else { break };
            rows.push(self.make_with_key(slot, random));
        }
        if rows.is_empty() { Vec::new() } else { vec![Statement::Insert(rows)] }
    }

    fn update(&mut self, count: usize, random: &mut Rng) -> Vec<Statement> {
        let keys = self.pick_some(count, random);
        if keys.is_empty() {
            return Vec::new();
        }
        let keys = keys.into_iter().map(|slot| self.key(slot)).collect();
        vec![Statement::Update { keys, set: self.some_values(random) }]
    }

    fn update_range(&mut self, random: &mut Rng) -> Vec<Statement> {
        if !self.shape.key.clustered {
            return Vec::new();
        }
        let Some(slot) = self.pick(random) else { return Vec::new() };
        let other = slot + random.u64(1..200);
        let ends = [self.key(slot), (self.shape.key.spell)(other, 0)];
        let [from, to] = ends;
        vec![Statement::UpdateRange {
            from,
            to,
            writer: self.writer,
            set: self.some_values(random),
        }]
    }

    fn relocate(&mut self, random: &mut Rng) -> Vec<Statement> {
        let (Some(from), Some(to)) = (self.pick(random), self.free_slot(random)) else {
            return Vec::new();
        };
        let keys = vec![self.key(from)];
        let own = self.rows.remove(&from).unwrap_or_default();
        self.rows.insert(to, own);
        let mut set = self.key_assignments(to);
        if random.bool() {
            set.extend(self.some_values(random));
        }
        vec![Statement::Update { keys, set }]
    }

    fn respell(&mut self, random: &mut Rng) -> Vec<Statement> {
        let spellings = self.shape.key.spellings;
        let Some(slot) = self.pick(random).filter(|_| spellings > 1) else { return Vec::new() };
        let keys = vec![self.key(slot)];
        if let Some(own) = self.rows.get_mut(&slot) {
            own.spelling = (own.spelling + 1) % spellings;
        }
        vec![Statement::Update { keys, set: self.key_assignments(slot) }]
    }

    fn delete(&mut self, random: &mut Rng) -> Vec<Statement> {
        let count = random.usize(1..=3);
        let slots = self.pick_some(count, random);
        if slots.len() < count {
            return Vec::new();
        }
        let keys = slots.iter().map(|slot| self.key(*slot)).collect();
        for slot in slots {
            self.forget(slot);
        }
        vec![Statement::Delete(keys)]
    }

    /// Two rows exchange their values in a unique column, by way of NULL.
    fn swap(&mut self, random: &mut Rng) -> Vec<Statement> {
        let Some((index, slots)) = self.with_values(2, random) else { return Vec::new() };
        let column = self.shape.uniques[index].column.clone();
        let (one, other) = (slots[0], slots[1]);
        let (a, b) = (self.value(one, index), self.value(other, index));
        let set = |book: &Self, slot: u64, value: String| Statement::Update {
            keys: vec![book.key(slot)],
            set: vec![(column.clone(), value)],
        };
        let statements =
            vec![set(self, one, "NULL".into()), set(self, other, a), set(self, one, b)];
        let numbers = [self.rows[&one].uniques[index], self.rows[&other].uniques[index]];
        self.set_number(one, index, numbers[1]);
        self.set_number(other, index, numbers[0]);
        statements
    }

    fn shift(&mut self, random: &mut Rng) -> Vec<Statement> {
        let Some((index, mut slots)) = self.with_values(4, random) else { return Vec::new() };
        slots.sort_by_key(|slot| self.rows[slot].uniques[index]);
        let free = self.next[index];
        self.next[index] += 1;
        let mut numbers: Vec<Option<u64>> =
            slots.iter().skip(1).map(|slot| self.rows[slot].uniques[index]).collect();
        numbers.push(Some(free));
        self.freed[index].extend(self.rows[&slots[0]].uniques[index]);
        let rows = slots
            .iter()
            .zip(numbers)
            .map(|(slot, number)| {
                self.set_number(*slot, index, number);
                (self.key(*slot), self.value(*slot, index))
            })
            .collect();
        vec![Statement::Shift { column: self.shape.uniques[index].column.clone(), rows }]
    }

    /// New values for one to three columns, unique ones never among them.
    fn some_values(&self, random: &mut Rng) -> Assignments {
        let count = self.shape.values.len();
        let first = random.usize(..count);
        (0..random.usize(1..=3.min(count)))
            .map(|step| &self.shape.values[(first + step) % count])
            .map(|(name, make)| (name.clone(), make(random)))
            .collect()
    }

    /// A unique column and some rows that have a value in it.
    fn with_values(&self, count: usize, random: &mut Rng) -> Option<(usize, Vec<u64>)> {
        if self.shape.uniques.is_empty() {
            return None;
        }
        let index = random.usize(..self.shape.uniques.len());
        let mut slots = self.pick_some(count * 2, random);
        slots.retain(|slot| self.rows[slot].uniques[index].is_some());
        slots.truncate(count);
        (slots.len() == count).then_some((index, slots))
    }

    fn value(&self, slot: u64, index: usize) -> String {
        let unique = &self.shape.uniques[index];
        let number = self.rows[&slot].uniques[index];
        number.map_or_else(|| "NULL".to_owned(), |number| (unique.spell)(self.writer, number))
    }

    fn set_number(&mut self, slot: u64, index: usize, number: Option<u64>) {
        if let Some(own) = self.rows.get_mut(&slot) {
            own.uniques[index] = number;
        }
    }

    /// NULL, a number that another row gave up, or a new one.
    fn number(&mut self, index: usize, random: &mut Rng) -> Option<u64> {
        match random.u8(..5) {
            0 => None,
            1 | 2 if !self.freed[index].is_empty() => {
                let choice = random.usize(..self.freed[index].len());
                Some(self.freed[index].swap_remove(choice))
            }
            _ => {
                self.next[index] += 1;
                Some(self.next[index] - 1)
            }
        }
    }

    fn forget(&mut self, slot: u64) {
        if let Some(own) = self.rows.remove(&slot) {
            for (freed, number) in self.freed.iter_mut().zip(own.uniques) {
                freed.extend(number);
            }
        }
    }

    /// A row of ours; one of the first three is a hot one.
    fn pick(&self, random: &mut Rng) -> Option<u64> {
        if random.u8(..4) == 0 {
            return self.rows.keys().nth(random.usize(..3)).copied();
        }
        let from = random.u64(..=self.rows.keys().next_back().copied()?);
        self.rows.range(from..).next().map(|(slot, _)| *slot)
    }

    fn pick_some(&self, count: usize, random: &mut Rng) -> Vec<u64> {
        let mut slots: Vec<u64> = (0..count).filter_map(|_| self.pick(random)).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// A slot of ours that has no row.
    fn free_slot(&self, random: &mut Rng) -> Option<u64> {
        let writers = self.writers as u64;
        let draw =
            |random: &mut Rng| random.u64(..self.slots / writers) * writers + self.writer as u64;
        (0..20).map(|_| draw(random)).find(|slot| !self.rows.contains_key(slot))
    }
}
