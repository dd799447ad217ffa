export {
  StoreCorrupt,
  StoreUnavailable,
  WrongRevision,
  type Appended,
  type EventMetadata,
  type EventStore,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type RecordedEvent,
  type SubscriptionItem,
} from './event-store.js';
