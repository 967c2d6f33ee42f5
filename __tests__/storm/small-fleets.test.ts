/** Each law of the gate in one small fleet. */
import { lawsHold } from '../support/laws-hold';

lawsHold('small');
