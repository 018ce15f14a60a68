import { ChatBoxElement } from '../elements/chat-box.ts';
import { register } from './register.ts';

register('chat-box', ChatBoxElement);
