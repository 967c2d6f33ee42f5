/** Each law of the gate that is one of fleets, in one of 150 processes and more. */
import { lawsHold } from '../support/laws-hold';

lawsHold('large');
