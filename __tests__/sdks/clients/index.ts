import type { AnySdk } from '../sdk';
import { contentful } from './contentful';
import { googleMaps } from './google-maps';
import { line } from './line';
import { nestjs } from './nestjs';
import { nodeVault } from './node-vault';
import { onfido } from './onfido';
import { openai } from './openai';
import { plaid } from './plaid';
import { slack } from './slack';
import { twilioSdk } from './twilio';

export const SDKS: readonly AnySdk[] = [
  plaid,
  twilioSdk,
  slack,
  line,
  googleMaps,
  contentful,
  nestjs,
  openai,
  nodeVault,
  onfido,
];
