import { parentPort, workerData } from 'node:worker_threads';
import { type Piece, Renderer, type RenderOptions } from './render.ts';

/** Entry point of a thread: renders pieces in order. */
const renderer = new Renderer(workerData as RenderOptions);
parentPort?.on('message', (piece: Piece) => parentPort?.postMessage(renderer.render(piece)));
parentPort?.postMessage('ready');
